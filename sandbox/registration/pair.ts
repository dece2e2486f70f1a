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
import { announceDevice } from "../stanza/announce-device.ts";
import { node } from "../wire/node.ts";
import type { Candidate } from "./registrations.ts";

/** How long a client may take to sign its new identity. */
const signTimeoutMs = 10_000;

/**
 * Makes a client a device of the account. The phone signs the client's identity, the client checks
 * that by the secret it showed, and signs back. Then it must log in anew, as the device it is now.
 */
export async function pair(
  network: Network,
  account: Account,
  { candidate, advSecret }: { candidate: Candidate; advSecret: Buffer },
): Promise<Device> {
  const id = account.nextDeviceId;
  account.nextDeviceId += 1;
  network.directory.saveAccount(account);
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
      Buffer.concat([WA_ADV_ACCOUNT_SIG_PREFIX, details, candidate.identityKey]),
    ),
  }).finish();
  const offer = proto.ADVSignedDeviceIdentityHMAC.encode({
    details: signedDetails,
    hmac: hmacSign(signedDetails, advSecret),
  }).finish();

  const { connection } = candidate;
  const signature = waitForSignature(candidate);
  const attrs = { from: serverJid, type: "set", id: randomUUID(), t: String(unixSeconds()) };
  connection.send(
    node("iq", attrs, [
      node("pair-success", {}, [
        node("device-identity", {}, offer),
        node("biz", { name: account.name }),
        node("device", {
          jid: jidEncode(account.phone, "s.whatsapp.net", id),
          lid: jidEncode(account.lid, "lid", id),
        }),
        node("platform", { name: "android" }),
      ]),
    ]),
  );
  checkSignature(await signature, { account, candidate, details });

  const { identityKey, registrationId, signedPreKey, noiseKey, name } = candidate;
  const device = network.directory.addDevice(account, id, {
    identityKey,
    registrationId,
    signedPreKey,
    link: { noiseKey, keyIndex: id, name, linkedAt: Date.now(), synced: false },
  });
  announceDevice(network.store, device, "add");
  network.registrations.remove(connection);
  connection.end(node("stream:error", { code: "515" }));
  network.log.info({ device: id }, "device linked");
  return device;
}

function unixSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function waitForSignature(candidate: Candidate): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const timer = setTimeout(() => {
    reject(
      new SandboxError(
        "pairing_unanswered",
        "The session did not complete the pairing. Ask it for a new QR code and scan that.",
      ),
    );
  }, signTimeoutMs);
  candidate.onSigned = resolve;
  return promise.finally(() => {
    clearTimeout(timer);
    candidate.onSigned = null;
  });
}

interface Expected {
  account: Account;
  candidate: Candidate;
  details: Uint8Array;
}

function checkSignature(signed: Buffer, { account, candidate, details }: Expected): void {
  const { deviceSignature } = proto.ADVSignedDeviceIdentity.decode(signed);
  const message = Buffer.concat([
    WA_ADV_DEVICE_SIG_PREFIX,
    details,
    candidate.identityKey,
    account.keys.identity.public,
  ]);
  if (
    !deviceSignature ||
    !Curve.verify(candidate.identityKey, message, Buffer.from(deviceSignature))
  ) {
    throw new SandboxError(
      "pairing_unanswered",
      "The session signed with another key than it showed. Ask it for a new QR code.",
    );
  }
}
