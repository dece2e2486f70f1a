import { encodeBigEndian, KEY_BUNDLE_TYPE } from "@whiskeysockets/baileys";
import { routeReceipt } from "../stanza/receipt.ts";
import { type BinaryNode, node } from "../wire/node.ts";
import type { Phone } from "./phone.ts";

const maxRequests = 5;

/**
 * Asks the sender for a message again, with fresh keys, because it could not be opened. False when
 * it was asked often enough.
 */
export function askAgain(phone: Phone, stanza: BinaryNode): boolean {
  const { id = "", from, t, recipient } = stanza.attrs;
  const count = (phone.retries.get(id) ?? 0) + 1;
  if (count > maxRequests) {
    phone.retries.delete(id);
    return false;
  }
  phone.retries.set(id, count);
  const { identity, registrationId, signedPreKey } = phone.account.keys;
  const [preKey] = phone.engine.generatePreKeys(1);
  phone.network.directory.saveAccount(phone.account);
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
