import { createRoute, z } from "@hono/zod-openapi";
import type { QueueCursor } from "../../shared/queue.ts";
import { unwrap } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { decodeCursor, encodeCursor } from "../http/list.ts";
import { problems } from "../http/problem.ts";
import { invalidField } from "../http/validation.ts";
import { findSession, sessionNotFound } from "../locate/session.ts";
import { acceptedMessageSchema } from "../message/resource.ts";
import type { Services } from "../services.ts";
import { sessionParams } from "../session/resource.ts";

const route = createRoute({
  method: "get",
  path: "/session/{sessionId}/queue",
  tags: ["Queue"],
  summary: "Show a session's queue, in the order in which it goes",
  description:
    "Messages that wait for their send_at come last. The times are an estimate: the pace varies, and what is queued later with a higher priority goes before.",
  request: {
    params: sessionParams,
    query: z.object({
      limit: z.coerce.number().int().min(1).max(100).default(50),
      cursor: z
        .string()
        .max(300)
        .optional()
        .openapi({ description: "The next_cursor of the previous page" }),
    }),
  },
  responses: {
    200: {
      description: "The state of the queue and a page of its messages",
      content: {
        "application/json": {
          schema: z
            .object({
              length: z.number().int(),
              scheduled: z
                .number()
                .int()
                .openapi({ description: "How many of them wait for their send_at" }),
              paused: z.boolean(),
              paused_reason: z.enum(["requested", "session_not_connected"]).nullable(),
              paused_at: z.string().nullable(),
              interval_ms: z.number().int(),
              data: z.array(acceptedMessageSchema),
              next_cursor: z.string().nullable(),
            })
            .openapi("Queue"),
        },
      },
    },
    ...problems("unauthorized", "not_found", "invalid_request", "database_unavailable"),
  },
});

export function getQueue(app: App, { database, fileLinks, queueDefaults }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.get("caller");
    const name = { tenantId, sessionId: c.req.valid("param").sessionId };
    const { limit, cursor } = c.req.valid("query");
    await findSession(database, name);
    const page = await unwrap(
      database.rpc("queue_page", {
        tenant_id: tenantId,
        session_id: name.sessionId,
        defaults: queueDefaults,
        after: cursor === undefined ? null : readCursor(cursor),
        page_limit: limit,
      }),
    );
    if (page === null) throw sessionNotFound(name);
    const { data, next, ...state } = page;
    const messages = data.map(async ({ message, queue }) => ({
      ...(await fileLinks.inMessage(tenantId, message)),
      queue,
    }));
    const next_cursor = next === null ? null : encodeCursor(JSON.stringify(next));
    return c.json({ ...state, data: await Promise.all(messages), next_cursor }, 200);
  });
}

const cursorSchema = z.union([
  z.strictObject({
    priority: z.number().int(),
    id: z.uuid(),
    ahead: z.number().int(),
  }),
  z.strictObject({ send_at: z.iso.datetime({ offset: true }), id: z.uuid() }),
]);

function readCursor(cursor: string): QueueCursor {
  const read = cursorSchema.safeParse(parseJson(decodeCursor(cursor, /^\{[^{}]*\}$/)));
  if (read.success) return read.data;
  throw invalidField("cursor", "Must be the next_cursor of the previous page, unchanged");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
