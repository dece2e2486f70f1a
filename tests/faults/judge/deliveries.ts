import type { Arrival } from "../receiver.ts";
import { findMisordered } from "./order.ts";
import type { StoredEvent } from "./read-state.ts";
import type { Violation } from "./violation.ts";

/**
 * Every event reached the webhook, and those of one chat in order, unless one was retried. Webhooks
 * are at least once: an event that arrives twice is no violation.
 */
export function checkDeliveries(events: StoredEvent[], arrivals: Arrival[]): Violation[] {
  const accepted = new Map<string, Arrival>();
  for (const arrival of arrivals) {
    if (arrival.accepted && !accepted.has(arrival.eventId)) accepted.set(arrival.eventId, arrival);
  }
  const violations: Violation[] = events
    .filter(({ id }) => !accepted.has(id))
    .map(({ seq, type }) => ({
      kind: "lost",
      detail: `event ${seq} (${type}) never arrived at the webhook`,
    }));
  const refused = new Set(arrivals.filter((one) => !one.accepted).map(({ eventId }) => eventId));
  const byId = new Map(events.map((event) => [event.id, event]));
  const inOrder = [...accepted.values()]
    .filter(({ attempt, eventId }) => attempt === 1 && !refused.has(eventId))
    .flatMap(({ eventId }) => byId.get(eventId) ?? []);
  const byChat = Map.groupBy(inOrder, ({ session_id, chat_id }) => `${session_id} ${chat_id}`);
  for (const [chat, ofChat] of byChat) {
    for (const { seq, type } of findMisordered(ofChat, (event) => event.seq)) {
      violations.push({
        kind: "misordered",
        detail: `event ${seq} (${type}) of ${chat} arrived at the webhook after a later one`,
      });
    }
  }
  return violations;
}
