import type { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import type { PhoneEvent } from "../phone/events.ts";
import { listMessages } from "../store/messages.ts";
import type { ApiDeps } from "./deps.ts";
import { phoneParam } from "./request.ts";
import { messageShape } from "./response-shapes.ts";

const heartbeatMs = 15_000;

/** Streams messages and status changes. With `Last-Event-ID`, it starts with the messages since. */
export function streamEvents(app: Hono, { network, phones }: ApiDeps): void {
  app.get("/phones/:phone/events", (c) => {
    const phone = phoneParam(c, phones);
    const lastId = c.req.header("last-event-id");
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
    const data = JSON.stringify(messageShape(event.message));
    return { id: String(event.message.seq), event: "message", data };
  }
  return { event: "status", data: JSON.stringify({ id: event.id, status: event.status }) };
}
