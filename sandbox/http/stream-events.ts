import type { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import type { Network } from "../network.ts";
import type { PhoneEvent } from "../phone/events.ts";
import { listMessages } from "../store/messages.ts";
import { phoneOf } from "./input.ts";
import { messageShape } from "./shapes.ts";

const heartbeatMs = 15_000;

/** Messages and their status as they happen; `Last-Event-ID` brings the messages since then first. */
export function streamEvents(app: Hono, network: Network): void {
  app.get("/phones/:phone/events", (c) => {
    const phone = phoneOf(c, network);
    const lastId = c.req.header("last-event-id");
    return streamSSE(c, async (stream) => {
      const ended = Promise.withResolvers<void>();
      stream.onAbort(() => ended.resolve());
      // A watcher that is gone takes nothing more.
      const send = (event: PhoneEvent) => void stream.writeSSE(frame(event)).catch(ended.resolve);
      const missed = lastId ? listMessages(network.store, phone.account.phone, Number(lastId)) : [];
      for (const message of missed) send({ type: "message", message });
      const stop = phone.events.listen(send);
      const heartbeat = setInterval(() => void stream.write(": alive\n\n"), heartbeatMs);
      void stream.write(": connected\n\n");
      await ended.promise;
      clearInterval(heartbeat);
      stop();
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
