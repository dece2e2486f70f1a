import { expect, test } from "vitest";
import type { Event } from "../../shared/event.ts";
import { DeliveryWindow, maxWindowEvents } from "./window.ts";

function eventAt(seq: number, chat = `chat-${seq}`): Event {
  return {
    id: `evt_${seq}`,
    type: "message.received",
    timestamp: "2026-01-01T00:00:00Z",
    tenant_id: "acme",
    session_id: "main",
    seq,
    data: { chat_id: chat },
  };
}

function windowOf(...events: Event[]) {
  const window = new DeliveryWindow<string>(0);
  window.add(events, Math.max(...events.map(({ seq }) => seq)));
  return window;
}

test("the cursor moves up to the first event that is not finished", () => {
  const window = windowOf(eventAt(1), eventAt(2), eventAt(3));
  expect([window.next()?.seq, window.next()?.seq, window.next()?.seq]).toEqual([1, 2, 3]);
  window.finish(1, "one");
  window.finish(3, "three");
  expect(window.finished()).toEqual({ toSeq: 1, results: ["one"] });
  window.finish(2, "two");
  expect(window.finished()).toEqual({ toSeq: 3, results: ["one", "two", "three"] });
});

test("a result that was recorded is not given again", () => {
  const window = windowOf(eventAt(1), eventAt(2));
  window.next();
  window.finish(1, "one");
  window.recorded(window.finished().toSeq);
  expect(window.cursor).toBe(1);
  expect(window.finished()).toEqual({ toSeq: 1, results: [] });
});

test("the cursor passes events that were filtered out", () => {
  const window = new DeliveryWindow<string>(4);
  window.add([eventAt(7)], 10);
  expect(window.finished().toSeq).toBe(6);
  window.next();
  window.finish(7, "seven");
  expect(window.finished()).toEqual({ toSeq: 10, results: ["seven"] });
});

test("events of one chat come one after the other, those of a session too", () => {
  const session = { ...eventAt(3), data: {}, type: "session.connected" as const };
  const window = windowOf(eventAt(1, "a"), eventAt(2, "a"), session, { ...session, seq: 4 });
  expect([window.next()?.seq, window.next()?.seq, window.next()]).toEqual([1, 3, undefined]);
  window.finish(1, "one");
  expect(window.next()?.seq).toBe(2);
});

test("what waits can be dropped and read again, without posting anything twice", () => {
  const window = windowOf(eventAt(1), eventAt(2), eventAt(3), eventAt(4));
  window.next();
  window.next();
  window.finish(2, "two");
  window.dropWaiting();
  expect([window.readTo, window.waiting]).toEqual([2, 0]);
  window.finish(1, "one");
  expect(window.finished()).toEqual({ toSeq: 2, results: ["one", "two"] });
  window.add([eventAt(1), eventAt(2), eventAt(3)], 3);
  expect([window.next()?.seq, window.next()]).toEqual([3, undefined]);
});

test("a window has a limit of events and of bytes, which finished events give back", () => {
  const window = windowOf(...Array.from({ length: maxWindowEvents }, (_, n) => eventAt(n + 1)));
  expect(window.freeEvents).toBe(0);
  const free = window.freeBytes;
  const event = window.next();
  window.finish(1, "one");
  expect(window.freeBytes).toBe(free + (event?.body.length ?? 0));
  window.recorded(1);
  expect(window.freeEvents).toBe(1);
});
