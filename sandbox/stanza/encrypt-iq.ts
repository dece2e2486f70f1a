import { createHash, randomUUID } from "node:crypto";
import { encodeBigEndian, KEY_BUNDLE_TYPE } from "@whiskeysockets/baileys";
import type { Device, PublicSignedPreKey } from "../account/account.ts";
import { parseAddress, serverJid } from "../account/address.ts";
import {
  addPreKeys,
  deletePreKeys,
  fetchPreKeyBundle,
  type PreKeyBundle,
  publicPreKeys,
} from "../account/pre-keys.ts";
import { type BinaryNode, bytesOf, child, children, node, numberOf } from "../wire/node.ts";
import type { IqContent, IqRequest } from "./iq.ts";

/** With fewer one-time pre-keys than this a device is notified to upload more (as WhatsApp Web). */
const lowPreKeyCount = 5;

/** `xmlns=encrypt`: the Signal key server. */
export function handleEncryptIq(request: IqRequest): IqContent {
  const { iq, device } = request;
  if (child(iq, "count")) return [node("count", { value: String(device.preKeyCount) })];
  if (child(iq, "digest")) return digest(request);
  if (child(iq, "rotate")) return rotate(request);
  if (child(iq, "list")) return upload(request);
  const key = child(iq, "key");
  return key ? [node("list", {}, bundles(request, children(key, "user")))] : undefined;
}

function digest({ network, device }: IqRequest): IqContent {
  // An empty result makes the client upload its keys.
  if (device.preKeyCount === 0) return undefined;
  const preKeys = publicPreKeys(network.store, device);
  const { identityKey, signedPreKey } = device;
  const hash = createHash("sha1");
  for (const bytes of [identityKey, signedPreKey.public, signedPreKey.signature])
    hash.update(bytes);
  for (const key of preKeys) hash.update(key.public);
  const list = preKeys.map(({ id }) => node("id", {}, encodeBigEndian(id, 3)));
  return [
    node("digest", {}, [
      ...identityNodes(device),
      signedPreKeyNode(device.signedPreKey),
      node("list", {}, list),
      node("hash", {}, hash.digest()),
    ]),
  ];
}

function upload({ network, device, iq }: IqRequest): IqContent {
  const identityKey = bytesOf(child(iq, "identity"));
  if (identityKey && !identityKey.equals(device.identityKey)) {
    deletePreKeys(network.store, device);
    device.identityKey = identityKey;
  }
  device.registrationId = numberOf(child(iq, "registration")) ?? device.registrationId;
  device.signedPreKey = readSignedPreKey(child(iq, "skey")) ?? device.signedPreKey;
  network.accounts.saveDevice(device);
  const keys = children(child(iq, "list"), "key").flatMap((key) => {
    const id = numberOf(child(key, "id"));
    const value = bytesOf(child(key, "value"));
    return id !== undefined && value ? [{ id, public: value }] : [];
  });
  addPreKeys(network.store, device, keys);
  return undefined;
}

function rotate({ network, device, iq }: IqRequest): IqContent {
  const key = readSignedPreKey(child(child(iq, "rotate"), "skey"));
  if (key) {
    device.signedPreKey = key;
    network.accounts.saveDevice(device);
  }
  return undefined;
}

/** Omits unknown devices: an error node would make Baileys discard the whole result. */
function bundles({ network }: IqRequest, users: BinaryNode[]): BinaryNode[] {
  return users.flatMap((user) => {
    const jid = user.attrs["jid"];
    const device = network.accounts.deviceAt(parseAddress(jid));
    if (!device) return [];
    const bundle = fetchPreKeyBundle(network.store, device);
    notifyLowPreKeys(device);
    return [node("user", { jid }, bundleNodes(device, bundle))];
  });
}

function notifyLowPreKeys(device: Device): void {
  if (device.preKeyCount !== lowPreKeyCount - 1 || device.id === 0) return;
  const count = node("count", { value: String(device.preKeyCount) });
  const attrs = { from: serverJid, type: "encrypt", id: randomUUID(), t: unixSeconds() };
  const notification = node("notification", attrs, [count]);
  // Not stored: an offline device queries its pre-key count when it logs in.
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

function bundleNodes(device: Device, bundle: PreKeyBundle): BinaryNode[] {
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
