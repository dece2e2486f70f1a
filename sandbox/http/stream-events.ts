import { createRoute, z } from "@hono/zod-openapi";
import { streamSSE } from "hono/streaming";
import type { PhoneEvent } from "../phone/events.ts";
import { listMessages } from "../store/messages.ts";
import { type Api, problems } from "./api.ts";
import type { ApiDeps } from "./deps.ts";
import { toMessage } from "./message-resource.ts";
import { phoneParam, phonePath } from "./request.ts";

const heartbeatMs = 15_000;

const route = createRoute({
  method: "get",
  path: "/phones/{phone}/events",
  tags: ["Messages"],
  summary: "Stream messages and status changes (server-sent events)",
  description:
    "`message` events have an id and a Message as data; with `Last-Event-ID` the stream starts with the messages since. `status` events have `{ id, status }`.",
  request: {
    params: phonePath,
    headers: z.object({ "last-event-id": z.string().optional() }),
  },
  responses: {
    200: { description: "The stream", content: { "text/event-stream": { schema: z.string() } } },
    ...problems("phone_not_found"),
  },
});

export function streamEvents(app: Api, { network, phones }: ApiDeps): void {
  app.openapi(route, (c) => {
    const phone = phoneParam(c, phones);
    const { "last-event-id": lastId } = c.req.valid("header");
    return streamSSE(c, async (stream) => {
      const ended = Promise.withResolvers<void>();
      stream.onAbort(() => ended.resolve());
      // A write fails once the client has disconnected.
      const send = (event: PhoneEvent) => void stream.writeSSE(frame(event)).catch(ended.resolve);
      const missed = lastId ? listMessages(network.store, phone.account.phone, Number(lastId)) : [];
      for (const message of missed) {
        send({ type: "message", message: await phone.mediaChecks.complete(message) });
      }
      const unsubscribe = phone.events.subscribe(send);
      const heartbeat = setInterval(() => void stream.write(": alive\n\n"), heartbeatMs);
      void stream.write(": connected\n\n");
      await ended.promise;
      clearInterval(heartbeat);
      unsubscribe();
    });
  });
}

function frame(event: PhoneEvent) {
  if (event.type === "message") {
    const data = JSON.stringify(toMessage(event.message));
    return { id: String(event.message.seq), event: "message", data };
  }
  return { event: "status", data: JSON.stringify({ id: event.id, status: event.status }) };
}
