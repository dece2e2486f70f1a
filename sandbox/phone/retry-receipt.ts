import { encodeBigEndian, KEY_BUNDLE_TYPE } from "@whiskeysockets/baileys";
import { routeReceipt } from "../stanza/route-receipt.ts";
import { type BinaryNode, node } from "../wire/node.ts";
import type { Phone } from "./phone.ts";

/** As Baileys and whatsmeow: five retry receipts per message. */
const maxRetries = 5;

/**
 * Sends a retry receipt with fresh keys for a message that the phone could not decrypt. Returns
 * false if the limit of retry receipts is reached.
 */
export function sendRetryReceipt(phone: Phone, stanza: BinaryNode): boolean {
  const { id = "", from, t, recipient } = stanza.attrs;
  const count = (phone.retryCounts.get(id) ?? 0) + 1;
  if (count > maxRetries) {
    phone.retryCounts.delete(id);
    return false;
  }
  phone.retryCounts.set(id, count);
  const { identity, registrationId, signedPreKey } = phone.account.keys;
  const [preKey] = phone.engine.generatePreKeys(1);
  phone.network.accounts.saveAccount(phone.account);
  const keys = [
    node("type", {}, KEY_BUNDLE_TYPE),
    node("identity", {}, identity.public),
    ...(preKey ? [keyNode("key", preKey.id, [node("value", {}, preKey.public)])] : []),
    keyNode("skey", signedPreKey.keyId, [
      node("value", {}, signedPreKey.keyPair.public),
      node("signature", {}, signedPreKey.signature),
    ]),
  ];
  const receipt = node("receipt", { id, to: from, type: "retry", recipient }, [
    node("retry", { count: String(count), id, t, v: "1", error: "0" }),
    node("registration", {}, encodeBigEndian(registrationId)),
    node("keys", {}, keys),
  ]);
  routeReceipt(phone.network, phone.device, receipt);
  return true;
}

function keyNode(tag: string, id: number, content: BinaryNode[]): BinaryNode {
  return node(tag, {}, [node("id", {}, encodeBigEndian(id, 3)), ...content]);
}
