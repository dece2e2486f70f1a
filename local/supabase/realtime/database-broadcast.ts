import type { Change, Relation } from "./stream/change.ts";
import { topicKey, type Topics } from "./topics.ts";

/** Whether this is `realtime.messages`, the table that `realtime.send` inserts into. */
export function isBroadcastTable(relation: Relation): boolean {
  return relation.schema === "realtime" && relation.name === "messages";
}

/** Broadcasts a row that was inserted into `realtime.messages` to the subscribers of its topic. */
export function broadcastRow(topics: Topics, { next: row }: Change): void {
  const topic = row?.["topic"];
  if (typeof topic !== "string" || row?.["extension"] !== "broadcast") return;
  topics.broadcast(topicKey(topic, row["private"] === "t"), {
    event: row["event"] ?? "",
    payload: row["payload"] ?? "{}",
    meta: { id: row["id"] ?? null },
  });
}
