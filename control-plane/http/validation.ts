import { type Hook, z } from "@hono/zod-openapi";
import { describeIssue, fieldErrors } from "../../shared/describe-issue.ts";
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

/** Has every schema of this isolate describe its issues with the field's name. */
export function describeIssues(): void {
  z.config({ customError: describeIssue });
}

function invalidRequest(issues: readonly z.core.$ZodIssue[]): ApiError {
  return new ApiError(
    "invalid_request",
    "Correct the fields listed in errors and send the request again.",
    {
      errors: fieldErrors(issues),
    },
  );
}
