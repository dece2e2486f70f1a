import type { Device } from "../account/account.ts";
import { accountJid, type Addressing, deviceJid, parseAddress } from "../account/address.ts";
import type { Network } from "../network.ts";
import { type BinaryNode, child, children, node } from "../wire/node.ts";
import { deliver } from "./deliver.ts";

/** Takes a message from a device: hands each device its own ciphertext, then acknowledges. */
export function routeMessage(
  network: Network,
  sender: Device,
  message: BinaryNode,
  acknowledge: (ack: BinaryNode) => void,
): void {
  const { id, to } = message.attrs;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const target = parseAddress(to);
  const ack = { class: "message", id, from: to, t: timestamp };
  if (!target) {
    acknowledge(node("ack", { ...ack, error: "404" }));
    return;
  }
  const deviceIdentity = child(message, "device-identity");
  const extra = deviceIdentity ? [deviceIdentity] : [];
  for (const { jid, enc } of ciphertexts(message)) {
    const device = network.directory.device(parseAddress(jid));
    if (!device || device === sender) continue;
    const attrs = envelope(network, { sender, device, message, addressing: target.addressing });
    deliver(network.store, device, node("message", { ...attrs, t: timestamp }, [enc, ...extra]));
  }
  // Only now: said before the first write, it would not wait for the commit.
  acknowledge(node("ack", ack));
}

/** Per-device ciphertexts of a message, or the single one of a resend or of a word to one's own phone. */
function ciphertexts(message: BinaryNode): { jid: string | undefined; enc: BinaryNode }[] {
  const single = child(message, "enc");
  if (single) return [{ jid: message.attrs["to"], enc: single }];
  return children(child(message, "participants"), "to").flatMap((to) => {
    const enc = child(to, "enc");
    return enc ? [{ jid: to.attrs["jid"], enc }] : [];
  });
}

interface Envelope {
  sender: Device;
  device: Device;
  message: BinaryNode;
  addressing: Addressing;
}

/** How the message looks to `device`: whom it is from, and in a copy for own devices, whom it is to. */
function envelope(network: Network, { sender, device, message, addressing }: Envelope) {
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
  const partner = network.directory.account(parseAddress(chat));
  const alternative = partner && accountJid(partner, addressing === "lid" ? "pn" : "lid");
  return {
    ...attrs,
    recipient: chat,
    [addressing === "lid" ? "peer_recipient_pn" : "peer_recipient_lid"]: alternative,
  };
}
