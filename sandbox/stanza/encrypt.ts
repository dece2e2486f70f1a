import { createHash, randomUUID } from "node:crypto";
import { encodeBigEndian, KEY_BUNDLE_TYPE } from "@whiskeysockets/baileys";
import type { Device, PublicSignedPreKey } from "../account/account.ts";
import { parseAddress, serverJid } from "../account/address.ts";
import {
  addPreKeys,
  dropPreKeys,
  type KeyBundle,
  preKeyIds,
  takeKeyBundle,
} from "../account/pre-keys.ts";
import { type BinaryNode, bytesOf, child, children, node, numberOf } from "../wire/node.ts";
import type { Answer, Query } from "./iq.ts";

/** Below this many one-time keys the server asks a device for more (WhatsApp Web's own threshold). */
const lowPreKeyCount = 5;

/** `xmlns=encrypt`: the key server of Signal. */
export function answerEncrypt(query: Query): Answer {
  const { iq, device } = query;
  if (child(iq, "count")) return [node("count", { value: String(device.preKeyCount) })];
  if (child(iq, "digest")) return digest(query);
  if (child(iq, "rotate")) return rotate(query);
  if (child(iq, "list")) return upload(query);
  const wanted = child(iq, "key");
  return wanted ? [node("list", {}, bundles(query, children(wanted, "user")))] : undefined;
}

function digest({ network, device }: Query): Answer {
  // Without keys there is nothing to compare: an empty answer makes the client upload.
  if (device.preKeyCount === 0) return undefined;
  const ids = preKeyIds(network.store, device).map((id) => Buffer.from(encodeBigEndian(id, 3)));
  const hash = createHash("sha1").update(device.identityKey).update(Buffer.concat(ids)).digest();
  const list = ids.map((id) => node("id", {}, id));
  return [
    node("digest", {}, [
      ...identityNodes(device),
      signedPreKeyNode(device.signedPreKey),
      node("list", {}, list),
      node("hash", {}, hash),
    ]),
  ];
}

function upload({ network, device, iq }: Query): Answer {
  const identityKey = bytesOf(child(iq, "identity"));
  if (identityKey && !identityKey.equals(device.identityKey)) {
    dropPreKeys(network.store, device);
    device.identityKey = identityKey;
  }
  device.registrationId = numberOf(child(iq, "registration")) ?? device.registrationId;
  device.signedPreKey = readSignedPreKey(child(iq, "skey")) ?? device.signedPreKey;
  network.directory.saveDevice(device);
  const keys = children(child(iq, "list"), "key").flatMap((key) => {
    const id = numberOf(child(key, "id"));
    const value = bytesOf(child(key, "value"));
    return id !== undefined && value ? [{ id, public: value }] : [];
  });
  addPreKeys(network.store, device, keys);
  return undefined;
}

function rotate({ network, device, iq }: Query): Answer {
  const key = readSignedPreKey(child(child(iq, "rotate"), "skey"));
  if (key) {
    device.signedPreKey = key;
    network.directory.saveDevice(device);
  }
  return undefined;
}

/** Devices that do not exist are left out: an error node would make Baileys drop the others too. */
function bundles({ network }: Query, users: BinaryNode[]): BinaryNode[] {
  return users.flatMap((user) => {
    const jid = user.attrs["jid"];
    const device = network.directory.device(parseAddress(jid));
    if (!device) return [];
    const bundle = takeKeyBundle(network.store, device);
    askForMoreWhenLow(device);
    network.phones.refillPreKeys(device);
    return [node("user", { jid }, bundleNodes(device, bundle))];
  });
}

function askForMoreWhenLow(device: Device): void {
  if (device.preKeyCount !== lowPreKeyCount - 1 || device.id === 0) return;
  const count = node("count", { value: String(device.preKeyCount) });
  const attrs = { from: serverJid, type: "encrypt", id: randomUUID(), t: unixSeconds() };
  const notification = node("notification", attrs, [count]);
  // Not kept: a device that is away counts its keys when it comes back.
  device.inbox?.receive(notification);
}

function unixSeconds(): string {
  return String(Math.floor(Date.now() / 1000));
}

function identityNodes(device: Device): BinaryNode[] {
  return [
    node("registration", {}, encodeBigEndian(device.registrationId)),
    node("type", {}, KEY_BUNDLE_TYPE),
    node("identity", {}, device.identityKey),
  ];
}

function signedPreKeyNode(key: PublicSignedPreKey): BinaryNode {
  return node("skey", {}, [
    node("id", {}, encodeBigEndian(key.id, 3)),
    node("value", {}, key.public),
    node("signature", {}, key.signature),
  ]);
}

function bundleNodes(device: Device, bundle: KeyBundle): BinaryNode[] {
  const nodes = [...identityNodes(device), signedPreKeyNode(bundle.signedPreKey)];
  const { preKey } = bundle;
  if (!preKey) return nodes;
  const id = node("id", {}, encodeBigEndian(preKey.id, 3));
  return [...nodes, node("key", {}, [id, node("value", {}, preKey.public)])];
}

function readSignedPreKey(skey: BinaryNode | undefined): PublicSignedPreKey | undefined {
  const id = numberOf(child(skey, "id"));
  const value = bytesOf(child(skey, "value"));
  const signature = bytesOf(child(skey, "signature"));
  return id !== undefined && value && signature ? { id, public: value, signature } : undefined;
}
