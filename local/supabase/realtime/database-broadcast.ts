import { topicKey, type Hub } from "./hub.ts";
import type { Change, Relation } from "./stream/pgoutput.ts";

export function isMessages(relation: Relation): boolean {
  return relation.schema === "realtime" && relation.table === "messages";
}

/** Hands a row that was inserted into `realtime.messages` to those who listen to its topic. */
export function broadcastRow(hub: Hub, change: Change): void {
  const { relation, next } = change;
  if (!next) return;
  const value = (name: string) =>
    next[relation.columns.findIndex((column) => column.name === name)] ?? null;
  const topic = value("topic");
  if (topic === null || value("extension") !== "broadcast") return;
  hub.broadcast(topicKey(topic, value("private") === "t"), {
    event: value("event") ?? "",
    payload: value("payload") ?? "{}",
    meta: { id: value("id") },
  });
}
