import type { StoredEvent } from "./read-state.ts";
import type { Violation } from "./violation.ts";

const ranks = ["message.failed", "message.sent", "message.delivered", "message.read"];

/** A tenant's events are numbered without a gap, and its stream delivered each of them in order. */
export function checkEvents(events: StoredEvent[], streamed: number[]): Violation[] {
  const violations: Violation[] = [];
  events.forEach(({ seq }, index) => {
    if (seq !== index + 1) {
      violations.push({ kind: "lost", detail: `event ${index + 1} has seq ${seq}` });
    }
  });
  const firstOdd = streamed.findIndex((seq, index) => seq !== index + 1);
  if (firstOdd >= 0) {
    violations.push({
      kind: "misordered",
      detail: `the stream delivered ${streamed.slice(firstOdd, firstOdd + 3).join()} at place ${firstOdd + 1}`,
    });
  } else if (streamed.length !== events.length) {
    violations.push({
      kind: "lost",
      detail: `the stream delivered ${streamed.length} of ${events.length} events`,
    });
  }
  const reached = new Map<string, number>();
  for (const { type, message_id: id, direction, seq } of events) {
    if (id === null || direction !== "out") continue;
    const rank = ranks.indexOf(type);
    const before = reached.get(id) ?? -1;
    if (rank <= before) {
      violations.push({
        kind: rank === before ? "doubled" : "misordered",
        detail: `event ${seq}: ${type} after ${ranks[before]}`,
      });
    }
    reached.set(id, rank);
  }
  return violations;
}
