import type { Customer } from "../environment.ts";
import type { SendRequest } from "../traffic/send.ts";
import type { StoredEvent } from "./read-state.ts";
import type { Violation } from "./violation.ts";

/** Below this a p95 that doubled is noise of the machine. */
const toleratedMs = 250;

export interface Interval {
  from: number;
  to: number;
}

/** What a fault of one tenant did to another: failed sends, slower sends, slower webhooks. */
export function checkBystander(input: {
  customer: Customer;
  sendRequests: SendRequest[];
  events: StoredEvent[];
  before: Interval;
  during: Interval;
}): { violations: Violation[]; summary: string } {
  const { customer, events, before, during } = input;
  const direct = input.sendRequests.filter(({ queuedId }) => queuedId === undefined);
  const answers = direct.flatMap((request) => request.answers);
  const arrivedAt = new Map(customer.receiver.arrivals.map(({ eventId, at }) => [eventId, at]));
  const violations: Violation[] = [];
  const report = (detail: string) => violations.push({ kind: "other tenant", detail });

  for (const { status, code } of answers.filter(({ startedAt }) => isIn(during, startedAt))) {
    if (status < 200 || status >= 300) report(`a send of the other tenant got ${status} ${code}`);
  }
  const sendMs = (interval: Interval) =>
    p95(
      answers
        .filter(({ startedAt }) => isIn(interval, startedAt))
        .map(({ startedAt, answeredAt }) => answeredAt - startedAt),
    );
  const webhookMs = (interval: Interval) =>
    p95(
      events
        .filter(({ at }) => isIn(interval, at))
        .map(({ id, at }) => (arrivedAt.get(id) ?? Date.now()) - at),
    );
  const figures = [
    ["sends", sendMs(before), sendMs(during)],
    ["webhooks", webhookMs(before), webhookMs(during)],
  ] as const;
  for (const [what, usual, now] of figures) {
    if (now > Math.max(2 * usual, usual + toleratedMs)) {
      report(`p95 of the other tenant's ${what} went from ${usual} to ${now} ms`);
    }
  }
  const summary = figures.map(([what, usual, now]) => `${what} p95 ${usual} to ${now} ms`);
  return { violations, summary: `other tenant: ${summary.join(", ")}` };
}

function isIn({ from, to }: Interval, at: number): boolean {
  return at >= from && at < to;
}

function p95(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length * 0.95)] ?? 0);
}
