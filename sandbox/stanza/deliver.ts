import type { Device } from "../account/account.ts";
import { parseAddress } from "../account/address.ts";
import { bytes, type Store } from "../store/store.ts";
import { type BinaryNode, decodeNode, encodeNode } from "../wire/node.ts";

/**
 * A key that a stanza and the recipient's response to it have in common. The response to a message
 * is a receipt of any type, so only the id counts; the response to any other stanza is an ack that
 * repeats type and sender.
 */
function undeliveredKey(tag: string, attrs: BinaryNode["attrs"], peer: string | undefined): string {
  const id = attrs["id"] ?? "";
  if (tag === "message") return `message|${id}`;
  const from = parseAddress(peer);
  const sender = from ? `${from.user}:${from.device}` : (peer ?? "");
  return `${tag}|${id}|${attrs["type"] ?? ""}|${sender}`;
}

/** Stores a stanza until the device confirms it, and sends it now if the device is online. */
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

/** Deletes the stored stanza with this tag that the device's response (receipt or ack) confirms. */
export function confirmDelivery(
  store: Store,
  device: Device,
  { tag, response }: { tag: string; response: BinaryNode },
): void {
  store.run(
    "DELETE FROM undelivered WHERE phone = ? AND device = ? AND key = ?",
    device.account.phone,
    device.id,
    undeliveredKey(tag, response.attrs, response.attrs["to"]),
  );
}

export interface UndeliveredStanza {
  seq: number;
  stanza: BinaryNode;
}

/** A device's unconfirmed stanzas after `afterSeq`, oldest first. A limit of -1 means all. */
export function undeliveredStanzas(
  store: Store,
  device: Device,
  { afterSeq, limit }: { afterSeq: number; limit: number },
): UndeliveredStanza[] {
  const sql = `SELECT seq, encoded_node FROM undelivered
    WHERE phone = ? AND device = ? AND seq > ? ORDER BY seq LIMIT ?`;
  return store.all(sql, device.account.phone, device.id, afterSeq, limit).map((row) => ({
    seq: Number(row["seq"]),
    stanza: decodeNode(bytes(row["encoded_node"])),
  }));
}
