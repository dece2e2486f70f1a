import { createRoute, z } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import { rejectTestKeyOnLive } from "../auth/reject-test-key.ts";
import { unwrap } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { findSession } from "../locate/session.ts";
import { messageSchema } from "../message/resource.ts";
import type { Services } from "../services.ts";
import { sessionParams } from "../session/resource.ts";

const route = createRoute({
  method: "delete",
  path: "/session/{sessionId}/messages/{messageId}",
  tags: ["Queue"],
  summary: "Cancel a queued message",
  description:
    "It becomes FAILED with the code cancelled. A message that has left the queue is refused with 409, which says what became of it.",
  request: { params: sessionParams.extend({ messageId: z.string() }) },
  responses: {
    200: {
      description: "The message, which will not be sent",
      content: { "application/json": { schema: messageSchema } },
    },
    ...problems("unauthorized", "forbidden", "not_found", "not_queued", "database_unavailable"),
  },
});

export function cancelMessage(app: App, { database, fileLinks }: Services): void {
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const { sessionId, messageId } = c.req.valid("param");
    rejectTestKeyOnLive(caller, await findSession(database, { ...caller, sessionId }));
    if (!z.uuid().safeParse(messageId).success) throw messageNotFound(messageId);
    const result = await unwrap(
      database.rpc("cancel_message", {
        tenant_id: caller.tenantId,
        session_id: sessionId,
        message_id: messageId,
      }),
    );
    if (result.outcome === "not_found") throw messageNotFound(messageId);
    const { message } = result;
    if (result.outcome === "not_queued") {
      const why = message.error === null ? "" : ` (${message.error.code})`;
      throw new ApiError(
        "not_queued",
        `The message is ${message.status}${why}, so it cannot be cancelled. Only QUEUED messages can.`,
      );
    }
    return c.json(await fileLinks.inMessage(caller.tenantId, message), 200);
  });
}

function messageNotFound(id: string): ApiError {
  return new ApiError(
    "not_found",
    `The session has sent or queued no message "${id}". Look it up with GET /session/:sessionId/queue.`,
  );
}
