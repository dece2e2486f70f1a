import { createRoute, z } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import { sessionIdSchema } from "../../shared/session.ts";
import { storableText } from "../../shared/text.ts";
import { rejectUnboundSession } from "../auth/require-scope.ts";
import { invalidKeyError } from "../auth/require-key.ts";
import { unwrapFirst, foreignKeyViolation, uniqueViolation } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { rejectTooManySessions } from "./reject-quota.ts";
import { sessionSchema, toSession } from "./resource.ts";

const route = createRoute({
  method: "post",
  path: "/tenant/sessions",
  tags: ["Sessions"],
  summary: "Create a session",
  description: "The session starts connecting at once, on the key's network. Get its QR code next.",
  request: {
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z.object({
            session_id: sessionIdSchema.openapi({ example: "main" }),
            name: storableText({ min: 1, max: 200 }).optional(),
            description: storableText({ max: 2_000 }).nullish(),
          }),
        },
      },
    },
  },
  responses: {
    201: {
      description: "The session",
      content: { "application/json": { schema: sessionSchema } },
    },
    ...problems(
      "invalid_json",
      "unauthorized",
      "rate_limited",
      "forbidden",
      "conflict",
      "payload_too_large",
      "unsupported_media_type",
      "invalid_request",
      "quota_exceeded",
      "database_unavailable",
    ),
  },
});

export function createSession(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const body = c.req.valid("json");
    const caller = c.get("caller");
    rejectUnboundSession(caller, body.session_id);
    const answer = await database.rpc("create_session", {
      tenant_id: caller.tenantId,
      session_id: body.session_id,
      name: body.name ?? body.session_id,
      description: body.description ?? null,
      network: caller.network,
    });
    if (answer.error?.code === uniqueViolation) {
      throw new ApiError(
        "conflict",
        `The session "${body.session_id}" already exists. Use it, or DELETE it first.`,
      );
    }
    rejectTooManySessions(answer.error);
    if (answer.error?.code === foreignKeyViolation) throw invalidKeyError();
    const created = await unwrapFirst(answer);
    if (created === undefined) throw new Error("create_session returned no session");
    return c.json(toSession(created), 201);
  });
}
