import type { Hook } from "@hono/zod-openapi";
import type { z } from "zod";
import { ApiError } from "../../shared/errors.ts";
import type { AppEnv } from "./app-env.ts";

/** Turns zod's issues into one problem that lists every invalid field. */
export const rejectInvalid: Hook<unknown, AppEnv, string, unknown> = (result) => {
  if (!result.success) throw invalidRequest(result.error.issues);
};

export function invalidField(field: string, detail: string): ApiError {
  return new ApiError(
    "invalid_request",
    "Correct the field listed in errors and send the request again.",
    {
      errors: [{ field, detail }],
    },
  );
}

function invalidRequest(issues: readonly Pick<z.core.$ZodIssue, "path" | "message">[]): ApiError {
  return new ApiError(
    "invalid_request",
    "Correct the fields listed in errors and send the request again.",
    {
      errors: issues.map((issue) => ({
        field: issue.path.map(String).join("."),
        detail: issue.message,
      })),
    },
  );
}
