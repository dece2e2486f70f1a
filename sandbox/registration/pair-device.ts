import { randomInt, randomUUID } from "node:crypto";
import {
  Curve,
  hmacSign,
  jidEncode,
  proto,
  WA_ADV_ACCOUNT_SIG_PREFIX,
  WA_ADV_DEVICE_SIG_PREFIX,
} from "@whiskeysockets/baileys";
import type { Account, Device } from "../account/account.ts";
import { serverJid } from "../account/address.ts";
import type { Network } from "../network.ts";
import { SandboxError } from "../sandbox-error.ts";
import { accountAddressing } from "../stanza/account-addressing.ts";
import { notifyDeviceChange } from "../stanza/device-notification.ts";
import { type BinaryNode, node } from "../wire/node.ts";
import type { PendingCompanion, RegistrationDeps } from "./registrations.ts";

/** How long the phone waits for pair-device-sign. */
const signTimeoutMs = 10_000;

/**
 * Links a client and returns its new device. The phone signs the client's identity key (pair-success);
 * the client verifies this with its ADV secret and signs in turn (pair-device-sign). Then the server
 * closes the connection with 515, and the client must log in as the new device. Throws
 * `pairing_unanswered`.
 */
export async function pairDevice(
  { network, registrations }: RegistrationDeps,
  account: Account,
  { companion, advSecret }: { companion: PendingCompanion; advSecret: Buffer },
): Promise<Device> {
  const id = account.nextDeviceId;
  account.nextDeviceId += 1;
  network.accounts.saveAccount(account);
  const details = proto.ADVDeviceIdentity.encode({
    rawId: randomInt(2 ** 31),
    timestamp: Math.floor(Date.now() / 1000),
    keyIndex: id,
    deviceType: proto.ADVEncryptionType.E2EE,
  }).finish();
  const signedDetails = proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: account.keys.identity.public,
    accountSignature: Curve.sign(
      account.keys.identity.private,
      Buffer.concat([WA_ADV_ACCOUNT_SIG_PREFIX, details, companion.identityKey]),
    ),
  }).finish();
  const signedIdentity = proto.ADVSignedDeviceIdentityHMAC.encode({
    details: signedDetails,
    hmac: hmacSign(signedDetails, advSecret),
  }).finish();

  const { connection } = companion;
  const signature = waitForSignature(companion);
  const attrs = { from: serverJid, type: "set", id: randomUUID(), t: String(unixSeconds()) };
  connection.send(
    node("iq", attrs, [
      node("pair-success", {}, [
        node("device-identity", {}, signedIdentity),
        node("biz", { name: account.name }),
        node("device", {
          jid: jidEncode(account.phone, "s.whatsapp.net", id),
          lid: jidEncode(account.lid, "lid", id),
        }),
        node("platform", { name: "android" }),
        ...clientProps(network, account),
      ]),
    ]),
  );
  checkSignature(await signature, { account, companion, details });

  const { identityKey, registrationId, signedPreKey, noiseKey, record } = companion;
  const device = network.accounts.addDevice(account, id, {
    identityKey,
    registrationId,
    signedPreKey,
    link: { noiseKey, keyIndex: id, name: record.name, linkedAt: Date.now(), synced: false },
  });
  notifyDeviceChange(network.store, device, "add");
  record.status = "linked";
  registrations.remove(connection);
  connection.close(node("stream:error", { code: "515" }));
  network.log.info({ device: id }, "device linked");
  return device;
}

/** Informs the client at pairing whether the account uses LIDs for its chats. */
function clientProps(network: Network, account: Account): BinaryNode[] {
  const addressing = accountAddressing(network, account);
  if (!addressing) return [];
  const props = { isChatDbLidMigrated: addressing === "lid" };
  return [node("client-props", {}, proto.ClientPairingProps.encode(props).finish())];
}

function unixSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function waitForSignature(companion: PendingCompanion): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const timer = setTimeout(() => {
    reject(
      new SandboxError(
        "pairing_unanswered",
        "The client did not complete the pairing. Get a new QR code from it and scan that.",
      ),
    );
  }, signTimeoutMs);
  companion.onSigned = resolve;
  companion.onClose = () => {
    reject(
      new SandboxError(
        "pairing_unanswered",
        "The client closed the connection during the pairing. Get a new QR code from it and scan that.",
      ),
    );
  };
  return promise.finally(() => {
    clearTimeout(timer);
    companion.onSigned = null;
    companion.onClose = null;
  });
}

interface Expected {
  account: Account;
  companion: PendingCompanion;
  details: Uint8Array;
}

function checkSignature(signed: Buffer, { account, companion, details }: Expected): void {
  const { deviceSignature } = proto.ADVSignedDeviceIdentity.decode(signed);
  const message = Buffer.concat([
    WA_ADV_DEVICE_SIG_PREFIX,
    details,
    companion.identityKey,
    account.keys.identity.public,
  ]);
  if (
    !deviceSignature ||
    !Curve.verify(companion.identityKey, message, Buffer.from(deviceSignature))
  ) {
    throw new SandboxError(
      "pairing_unanswered",
      "The client signed with a different key than its QR code shows. Get a new QR code from it and scan that.",
    );
  }
}
