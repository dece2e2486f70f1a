import { randomBytes, randomUUID } from "node:crypto";
import {
  aesDecryptCTR,
  aesDecryptGCM,
  aesEncryptCTR,
  Curve,
  derivePairingCodeKey,
  hkdf,
} from "@whiskeysockets/baileys";
import type { Account, Device } from "../account/account.ts";
import { serverJid } from "../account/address.ts";
import { SandboxError } from "../sandbox-error.ts";
import { node } from "../wire/node.ts";
import { pairDevice } from "./pair-device.ts";
import type { CodePairing, CompanionFinish, RegistrationDeps } from "./registrations.ts";

const finishTimeoutMs = 10_000;
/** After this many wrong codes the client must request a new code. */
const maxFailures = 5;

/**
 * The user types the 8 characters that a client shows: links that client and returns the new device.
 * A wrong code is noticed only at the end: it yields a wrong key, with which companion_finish cannot
 * be decrypted. Throws `no_code_pending`, `wrong_code` or `pairing_unanswered`.
 */
export async function linkByCode(
  deps: RegistrationDeps,
  account: Account,
  typed: string,
): Promise<Device> {
  const code = typed.replace(/[\s-]/g, "").toUpperCase();
  const { registrations } = deps;
  const pairing = registrations.codePairing(account.phone);
  if (!pairing) {
    throw new SandboxError(
      "no_code_pending",
      "No client is waiting to be linked to this number by code. Request a pairing code from the client first.",
    );
  }
  const { wrappedEphemeral } = pairing;
  const companionKey = await derivePairingCodeKey(code, wrappedEphemeral.subarray(0, 32));
  const companionEphemeral = aesDecryptCTR(
    wrappedEphemeral.subarray(48),
    companionKey,
    wrappedEphemeral.subarray(32, 48),
  );
  const ephemeral = Curve.generateKeyPair();
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const key = await derivePairingCodeKey(code, salt);
  const wrapped = Buffer.concat([salt, iv, aesEncryptCTR(ephemeral.public, key, iv)]);
  const finish = waitForFinish(pairing);
  sendPrimaryHello(account, pairing, wrapped);
  const shared = Curve.sharedKey(ephemeral.private, companionEphemeral);
  const advSecret = deriveAdvSecret(await finish, { account, pairing, shared });
  if (!advSecret) {
    pairing.failures += 1;
    if (pairing.failures >= maxFailures) registrations.endCodePairing(account.phone);
    throw new SandboxError(
      "wrong_code",
      "The client shows a different code. Check the code and try again.",
    );
  }
  registrations.endCodePairing(account.phone);
  return await pairDevice(deps, account, { companion: pairing.companion, advSecret });
}

function sendPrimaryHello(account: Account, pairing: CodePairing, wrapped: Buffer): void {
  const attrs = { from: serverJid, type: "link_code_companion_reg", id: randomUUID() };
  const hello = node("link_code_companion_reg", { stage: "primary_hello" }, [
    node("link_code_pairing_wrapped_primary_ephemeral_pub", {}, wrapped),
    node("primary_identity_pub", {}, account.keys.identity.public),
    node("link_code_pairing_ref", {}, pairing.ref),
  ]);
  pairing.companion.connection.send(node("notification", attrs, [hello]));
}

function waitForFinish(pairing: CodePairing): Promise<CompanionFinish> {
  const { promise, resolve, reject } = Promise.withResolvers<CompanionFinish>();
  const timer = setTimeout(() => {
    reject(
      new SandboxError(
        "pairing_unanswered",
        "The client did not respond. Request a new pairing code and enter that.",
      ),
    );
  }, finishTimeoutMs);
  pairing.onFinish = resolve;
  return promise.finally(() => {
    clearTimeout(timer);
    pairing.onFinish = null;
  });
}

interface KeyExchange {
  account: Account;
  pairing: CodePairing;
  /** The X25519 secret of both ephemeral keys. */
  shared: Buffer;
}

/** The ADV secret that both sides derive; undefined if the code was wrong. */
function deriveAdvSecret(
  { wrappedKeyBundle, identityKey }: CompanionFinish,
  { account, pairing, shared }: KeyExchange,
): Buffer | undefined {
  const bundleKey = hkdf(shared, 32, {
    salt: wrappedKeyBundle.subarray(0, 32),
    info: "link_code_pairing_key_bundle_encryption_key",
  });
  const bundle = decryptKeyBundle(wrappedKeyBundle.subarray(32), bundleKey);
  const ownKey = Buffer.from(account.keys.identity.public);
  const matches =
    bundle?.length === 96 &&
    bundle.subarray(0, 32).equals(identityKey) &&
    bundle.subarray(0, 32).equals(pairing.companion.identityKey) &&
    bundle.subarray(32, 64).equals(ownKey);
  if (!matches) return undefined;
  const identityShared = Curve.sharedKey(account.keys.identity.private, identityKey);
  const secret = Buffer.concat([shared, identityShared, bundle.subarray(64)]);
  return Buffer.from(hkdf(secret, 32, { info: "adv_secret" }));
}

function decryptKeyBundle(encrypted: Buffer, key: Uint8Array): Buffer | undefined {
  try {
    return aesDecryptGCM(encrypted.subarray(12), key, encrypted.subarray(0, 12), Buffer.alloc(0));
  } catch {
    // The authentication tag does not match: the code was wrong.
    return undefined;
  }
}
