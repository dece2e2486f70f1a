import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { AdvanceRequest } from "../../shared/database.ts";
import type { Event } from "../../shared/event.ts";
import { EndpointDelivery } from "./endpoint-delivery.ts";
import type { OpenedProgress } from "./open-secrets.ts";
import type { PostOutcome } from "./post.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

function eventAt(seq: number): Event {
  return {
    id: `evt_${seq}`,
    type: "message.received",
    timestamp: "2026-01-01T00:00:00Z",
    tenant_id: "acme",
    session_id: "main",
    seq,
    data: { chat_id: `chat-${seq}` },
  };
}

const ok: PostOutcome = { statusCode: 200, error: null, response: null, durationMs: 1 };
const failed: PostOutcome = { statusCode: 500, error: "no", response: null, durationMs: 1 };

/** An endpoint whose log has the events up to `log.last`; `log` may be changed by the test. */
function start(answer: (seq: number, attempt: number) => PostOutcome | Promise<PostOutcome>) {
  const log = {
    last: 0,
    cursor: 0,
    enabled: true,
    failWith: undefined as Error | undefined,
    /** How long the database takes to answer. */
    answerMs: 0,
  };
  const pending = new Map<string, { attempt: number; seq: number; dueAt: number }>();
  const calls: AdvanceRequest[] = [];
  const posted: string[] = [];
  const wakes: number[] = [];

  function advance(request: AdvanceRequest): OpenedProgress {
    calls.push(request);
    if (log.failWith !== undefined) throw log.failWith;
    if (request.to_seq !== null && request.from_seq === log.cursor) {
      log.cursor = request.to_seq;
      for (const { event_seq, status, retry_in_ms } of request.results) {
        if (status !== "pending") continue;
        const dueAt = Date.now() + (retry_in_ms ?? 0);
        pending.set(`d-${event_seq}`, { attempt: 2, seq: event_seq, dueAt });
      }
    }
    for (const { id, status } of request.retry_results) {
      if (status !== "pending") pending.delete(id);
    }
    const after = request.read_after ?? log.cursor;
    const count = Math.min(request.max_events, Math.max(0, log.last - after));
    const open = [...pending].filter(([id]) => !request.known_retries.includes(id));
    const due = open.filter(([, { dueAt }]) => dueAt <= Date.now()).slice(0, request.max_retries);
    const later = open.filter((one) => !due.includes(one)).map(([, { dueAt }]) => dueAt);
    return {
      tenant_id: "acme",
      url: "https://example.com/",
      secrets: ["s"],
      enabled: log.enabled,
      failures: 0,
      cursor_seq: log.cursor,
      last_seq: log.last,
      read_to: after + count,
      events: Array.from({ length: count }, (_, n) => eventAt(after + n + 1)),
      retries: due.map(([id, { attempt, seq }]) => ({ id, attempt, event: eventAt(seq) })),
      next_retry_at: later.length === 0 ? null : new Date(Math.min(...later)).toISOString(),
    };
  }

  const delivery = new EndpointDelivery({
    endpointId: "e",
    advance: async (request) => {
      const progress = advance(request);
      if (log.answerMs > 0) await new Promise((resolve) => setTimeout(resolve, log.answerMs));
      return progress;
    },
    post: async ({ attempt, event }) => {
      posted.push(`${event.id}#${attempt}`);
      return await answer(Number(event.id.slice(4)), attempt);
    },
    now: () => Date.now(),
    random: () => 0.5,
    wakeAt: (time) => void wakes.push(time),
    log: () => {},
  });
  /** What the hub does when there are events. */
  function emit(count: number) {
    log.last += count;
    delivery.notify(log.last);
  }
  return { delivery, log, calls, posted, wakes, emit };
}

test("many events cost few calls", async () => {
  const { emit, calls, posted, log } = start(async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return ok;
  });
  emit(400);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(new Set(posted).size).toBe(400);
  expect(posted).toHaveLength(400);
  expect(log.cursor).toBe(400);
  expect(calls.length).toBeLessThan(20);
});

test("events that come one by one cost at most ten calls a second", async () => {
  const { emit, calls, posted } = start(() => ok);
  for (let n = 0; n < 500; n++) {
    emit(1);
    await vi.advanceTimersByTimeAsync(10);
  }
  await vi.advanceTimersByTimeAsync(1_000);
  expect(posted).toHaveLength(500);
  expect(calls.length).toBeLessThan(70);
});

test("a notification that arrives before its commit is visible is read again", async () => {
  const { delivery, log, posted } = start(() => ok);
  delivery.notify(1);
  await vi.advanceTimersByTimeAsync(20);
  log.last = 1;
  await vi.advanceTimersByTimeAsync(100);
  expect(posted).toEqual(["evt_1#1"]);
});

test("a notification whose events never appear is given up", async () => {
  const { delivery, calls } = start(() => ok);
  delivery.notify(7);
  await vi.advanceTimersByTimeAsync(2_000);
  const before = calls.length;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(calls.length).toBe(before);
  expect(before).toBeLessThan(10);
});

test("a failed event is retried when it is due, at the alarm", async () => {
  const { delivery, emit, posted, wakes } = start((_, attempt) => (attempt === 1 ? failed : ok));
  emit(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(posted).toEqual(["evt_1#1"]);
  const alarmAt = wakes.at(-1) ?? 0;
  expect(alarmAt - 1_000_000).toBeGreaterThanOrEqual(5_000);
  await vi.advanceTimersByTimeAsync(alarmAt - Date.now());
  delivery.wake();
  await vi.advanceTimersByTimeAsync(100);
  expect(posted).toEqual(["evt_1#1", "evt_1#2"]);
});

test("five failures in a row pause the endpoint, and the events stay in the log", async () => {
  const { delivery, emit, posted, wakes, log } = start(() => failed);
  emit(1_000);
  await vi.advanceTimersByTimeAsync(500);
  expect(posted).toHaveLength(5);
  expect(log.cursor).toBe(5);
  emit(1);
  await vi.advanceTimersByTimeAsync(500);
  expect(posted).toHaveLength(5);
  const alarmAt = wakes.at(-1) ?? 0;
  expect(alarmAt - 1_000_000).toBeGreaterThanOrEqual(2_000);
  expect(alarmAt - 1_000_000).toBeLessThan(2_100);
  await vi.advanceTimersByTimeAsync(alarmAt - Date.now());
  delivery.wake();
  await vi.advanceTimersByTimeAsync(500);
  expect(posted).toHaveLength(6);
});

test("a hub that notifies a paused endpoint learns for how long that changes nothing", async () => {
  const { delivery, emit, log, calls } = start(() => failed);
  emit(100);
  await vi.advanceTimersByTimeAsync(500);
  const quietMs = delivery.notify(log.last);
  expect(quietMs).toBeGreaterThan(1_000);
  expect(quietMs).toBeLessThan(2_000);
  const before = calls.length;
  for (let n = 0; n < 100; n++) emit(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(calls.length).toBe(before);
});

test("an endpoint that hangs reads few events, in few calls, while more keep coming", async () => {
  const { delivery, emit, calls, log } = start(() => new Promise(() => {}));
  for (let n = 0; n < 500; n++) {
    emit(1);
    await vi.advanceTimersByTimeAsync(20);
  }
  expect(calls.length).toBeLessThan(20);
  expect(delivery.notify(log.last)).toBe(500);
});

test("what happened during a pause is delivered after it without a notification", async () => {
  let isUp = false;
  const { delivery, emit, posted, log } = start(() => (isUp ? ok : failed));
  emit(5);
  await vi.advanceTimersByTimeAsync(500);
  isUp = true;
  log.last = 30;
  await vi.advanceTimersByTimeAsync(2_000);
  delivery.wake();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(posted.filter((post) => post.endsWith("#1"))).toHaveLength(30);
});

test("a change by hand ends a pause", async () => {
  const { delivery, emit, posted } = start(() => failed);
  emit(10);
  await vi.advanceTimersByTimeAsync(500);
  expect(posted).toHaveLength(5);
  delivery.reload();
  await vi.advanceTimersByTimeAsync(500);
  expect(posted).toHaveLength(6);
});

test("one event that is always rejected pauses nothing", async () => {
  const { emit, posted } = start((seq) => (seq === 3 ? failed : ok));
  emit(100);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(posted).toHaveLength(100);
});

test("after a success a failing endpoint gets everything again", async () => {
  let isUp = false;
  const { delivery, emit, posted } = start(() => (isUp ? ok : failed));
  emit(50);
  await vi.advanceTimersByTimeAsync(1_000);
  isUp = true;
  await vi.advanceTimersByTimeAsync(10_000);
  delivery.wake();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(new Set(posted.map((post) => post.split("#")[0])).size).toBe(50);
  expect(posted.filter((post) => post.endsWith("#2"))).toHaveLength(5);
});

test("while the database fails, results are kept and stored later; no event is posted twice", async () => {
  const { delivery, emit, posted, log } = start(() => ok);
  emit(3);
  await vi.advanceTimersByTimeAsync(0);
  log.failWith = new Error("down");
  await vi.advanceTimersByTimeAsync(5_000);
  log.failWith = undefined;
  delivery.wake();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(posted).toEqual(["evt_1#1", "evt_2#1", "evt_3#1"]);
  expect(log.cursor).toBe(3);
});

test("a disabled endpoint is not called; enabled again it goes on at its cursor", async () => {
  const { delivery, emit, posted, log } = start(() => ok);
  log.enabled = false;
  emit(3);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(posted).toEqual([]);
  log.enabled = true;
  delivery.reload();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(posted).toHaveLength(3);
});

test("a cursor that was moved by somebody else is followed", async () => {
  const { delivery, emit, posted, log } = start(() => ok);
  emit(3);
  await vi.advanceTimersByTimeAsync(1_000);
  log.cursor = 1;
  delivery.reload();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(posted.slice(3)).toEqual(["evt_2#1", "evt_3#1"]);
});

test("events whose read was under way when the endpoint failed are read again, none is skipped", async () => {
  let isRepaired = false;
  const { emit, log, posted } = start(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return isRepaired ? ok : failed;
  });
  log.answerMs = 30;
  emit(400);
  await vi.advanceTimersByTimeAsync(40);
  log.answerMs = 500;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(new Set(posted).size).toBeLessThan(10);
  log.answerMs = 0;
  isRepaired = true;
  await vi.advanceTimersByTimeAsync(60_000);
  emit(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(new Set(posted.filter((post) => post.endsWith("#1"))).size).toBe(401);
});
