import { randomUUID } from "node:crypto";
import { serverJid } from "../account/address.ts";
import type { RefRefresh } from "../account/behaviour.ts";
import { type BinaryNode, node } from "../wire/node.ts";
import type { PendingCompanion, RefRefreshRecord } from "./registrations.ts";

/** WhatsApp Web accepts either child: WAWebHandleCompanionReqRefreshNotification, see Baileys#2765. */
const children = { connect: "companion_reg_refresh", scan: "pair-device-rotate-qr" } as const;

/**
 * Sends `<notification type=companion_reg_refresh>`: the client must replace its ADV secret and show
 * the current ref with the new secret.
 */
export function sendRefRefresh(
  companion: PendingCompanion,
  trigger: RefRefreshRecord["trigger"],
): void {
  const id = randomUUID();
  companion.record.refRefreshes.push({ id, trigger, sentAt: Date.now(), acked: false });
  const t = String(Math.floor(Date.now() / 1000));
  const attrs = { from: serverJid, type: "companion_reg_refresh", id, t };
  companion.connection.send(node("notification", attrs, [node(children[trigger])]));
}

/** Records the client's ack of a refresh; other acks are ignored. */
export function confirmRefRefresh(companion: PendingCompanion, ack: BinaryNode): void {
  if (ack.attrs["class"] !== "notification") return;
  const refresh = companion.record.refRefreshes.find(({ id }) => id === ack.attrs["id"]);
  if (refresh) refresh.acked = true;
}

/**
 * Whether the secret of a scanned QR code is retired. The server never sees a secret before it is
 * scanned. So `onConnect` retires what is scanned before the client has acked; after that, a client
 * that shows its old secret fails at pair-success, whose HMAC it cannot verify. `afterScan` retires
 * the first secret that is scanned and then sends the refresh.
 */
export function retireSecret(
  companion: PendingCompanion,
  { secret, refRefresh }: { secret: Buffer; refRefresh: RefRefresh },
): boolean {
  const { refRefreshes } = companion.record;
  if (companion.retiredSecrets.some((retired) => retired.equals(secret))) return true;
  const unacked = refRefreshes.some(({ trigger, acked }) => trigger === "connect" && !acked);
  const firstScan = refRefresh === "afterScan" && !refRefreshes.some((r) => r.trigger === "scan");
  if (!unacked && !firstScan) return false;
  companion.retiredSecrets.push(secret);
  if (firstScan) sendRefRefresh(companion, "scan");
  return true;
}
