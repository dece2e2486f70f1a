import type { Device } from "../account/account.ts";
import { accountJid, type Addressing, deviceJid, parseAddress } from "../account/address.ts";
import type { Network } from "../network.ts";
import { type BinaryNode, child, children, node } from "../wire/node.ts";
import { accountAddressing } from "./account-addressing.ts";
import { deliver } from "./deliver.ts";

/**
 * Routes a message: delivers to each device its own ciphertext, addressed in the space of that
 * device's account, then calls `sendAck` with the ack for the sender (error 404 if `to` is not a
 * user).
 */
export function routeMessage(
  network: Network,
  sender: Device,
  message: BinaryNode,
  sendAck: (ack: BinaryNode) => void,
): void {
  const { id, to } = message.attrs;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const target = parseAddress(to);
  const ack = { class: "message", id, from: to, t: timestamp };
  if (!target) {
    sendAck(node("ack", { ...ack, error: "404" }));
    return;
  }
  const deviceIdentity = child(message, "device-identity");
  const extra = deviceIdentity ? [deviceIdentity] : [];
  for (const { jid, enc } of ciphertexts(message)) {
    const device = network.accounts.deviceAt(parseAddress(jid));
    if (!device || device === sender) continue;
    const addressing = accountAddressing(network, device.account) ?? target.addressing;
    const routed = { sender, device, message, addressing };
    const attrs = { ...messageAttributes(network, routed), t: timestamp };
    deliver(network.store, device, node("message", attrs, [enc, ...extra]));
  }
  // After the writes above, so that the ack waits for their commit.
  sendAck(node("ack", ack));
}

/** A ciphertext per device; a resend or peer message has a single one, for the device in `to`. */
function ciphertexts(message: BinaryNode): { jid: string | undefined; enc: BinaryNode }[] {
  const single = child(message, "enc");
  if (single) return [{ jid: message.attrs["to"], enc: single }];
  return children(child(message, "participants"), "to").flatMap((to) => {
    const enc = child(to, "enc");
    return enc ? [{ jid: to.attrs["jid"], enc }] : [];
  });
}

interface RoutedMessage {
  sender: Device;
  device: Device;
  message: BinaryNode;
  addressing: Addressing;
}

/** The attributes that `device` receives: the sender, and for the sender's own devices the chat. */
function messageAttributes(
  network: Network,
  { sender, device, message, addressing }: RoutedMessage,
) {
  const { id, to, type, category, recipient } = message.attrs;
  const attrs = {
    id,
    type,
    category,
    from: deviceJid(sender, addressing),
    notify: sender.account.name,
    addressing_mode: addressing,
  };
  if (device.account !== sender.account) {
    const alternative = accountJid(sender.account, addressing === "lid" ? "pn" : "lid");
    return { ...attrs, [addressing === "lid" ? "sender_pn" : "sender_lid"]: alternative };
  }
  if (category === "peer") return attrs;
  const chat = recipient ?? to;
  const partner = network.accounts.accountAt(parseAddress(chat));
  const alternative = partner && accountJid(partner, addressing === "lid" ? "pn" : "lid");
  return {
    ...attrs,
    recipient: partner ? accountJid(partner, addressing) : chat,
    [addressing === "lid" ? "peer_recipient_pn" : "peer_recipient_lid"]: alternative,
  };
}
