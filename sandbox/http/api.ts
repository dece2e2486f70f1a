import { OpenAPIHono, z } from "@hono/zod-openapi";
import { SandboxError, type SandboxErrorCode, statusOf } from "../sandbox-error.ts";

export type Api = OpenAPIHono;

/** A Hono app whose routes refuse what their contract does not allow. */
export function createApi(): Api {
  return new OpenAPIHono({
    defaultHook: (result) => {
      if (result.success) return;
      const issues = result.error.issues.map(
        ({ path, message }) => `${path.join(".") || "body"}: ${message}`,
      );
      throw new SandboxError("invalid_request", issues.join("; "), { cause: result.error });
    },
  });
}

/** The body of a request, for the contract of a route. */
export function jsonBody<T extends z.ZodType>(schema: T) {
  return { required: true, content: { "application/json": { schema } } } as const;
}

/** A response with a body, for the contract of a route. */
export function jsonResponse<T extends z.ZodType>(description: string, schema: T) {
  return { description, content: { "application/json": { schema } } };
}

export function listOf<T extends z.ZodType>(schema: T) {
  return z.object({ data: z.array(schema) });
}

const problemSchema = z
  .object({
    type: z.literal("about:blank"),
    title: z.string(),
    status: z.number().int(),
    code: z.string(),
    detail: z.string().openapi({ description: "What is wrong, and what to do" }),
  })
  .openapi("Problem");

/** The error responses of a route (RFC 9457), one entry per status, for its contract. */
export function problems(...codes: SandboxErrorCode[]) {
  const byStatus = Map.groupBy(codes, statusOf);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: group.join(", "),
        content: { "application/problem+json": { schema: problemSchema } },
      },
    ]),
  );
}
