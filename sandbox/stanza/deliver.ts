import type { Device } from "../account/account.ts";
import { parseAddress } from "../account/address.ts";
import { bytes, type Store } from "../store/store.ts";
import { type BinaryNode, decodeNode, encodeNode } from "../wire/node.ts";

/**
 * What the addressee's answer has in common with the stanza it answers. Messages are answered by
 * receipts of any type, so only the id counts; others by an ack that repeats type and sender.
 */
function undeliveredKey(tag: string, attrs: BinaryNode["attrs"], peer: string | undefined): string {
  const id = attrs["id"] ?? "";
  if (tag === "message") return `message|${id}`;
  const from = parseAddress(peer);
  const sender = from ? `${from.user}:${from.device}` : (peer ?? "");
  return `${tag}|${id}|${attrs["type"] ?? ""}|${sender}`;
}

/** Keeps a stanza for a device until it is answered, and hands it over now if the device is there. */
export function deliver(store: Store, device: Device, stanza: BinaryNode): void {
  const encoded = encodeNode(stanza);
  store.run(
    "INSERT INTO undelivered (phone, device, key, encoded_node) VALUES (?, ?, ?, ?)",
    device.account.phone,
    device.id,
    undeliveredKey(stanza.tag, stanza.attrs, stanza.attrs["from"]),
    encoded,
  );
  device.inbox?.receive(stanza, encoded);
}

/** Forgets a stanza that its addressee has answered, with `tag` and the attributes of that answer. */
export function settle(store: Store, device: Device, tag: string, answer: BinaryNode): void {
  store.run(
    "DELETE FROM undelivered WHERE phone = ? AND device = ? AND key = ?",
    device.account.phone,
    device.id,
    undeliveredKey(tag, answer.attrs, answer.attrs["to"]),
  );
}

export interface Waiting {
  seq: number;
  stanza: BinaryNode;
}

/** The next stanzas kept for a device, in order, after `afterSeq`. */
export function waitingFor(
  store: Store,
  device: Device,
  { afterSeq, limit }: { afterSeq: number; limit: number },
): Waiting[] {
  const sql = `SELECT seq, encoded_node FROM undelivered
    WHERE phone = ? AND device = ? AND seq > ? ORDER BY seq LIMIT ?`;
  return store.all(sql, device.account.phone, device.id, afterSeq, limit).map((row) => ({
    seq: Number(row["seq"]),
    stanza: decodeNode(bytes(row["encoded_node"])),
  }));
}
