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
import type { Network } from "../network.ts";
import { SandboxError } from "../sandbox-error.ts";
import { node } from "../wire/node.ts";
import { pair } from "./pair.ts";
import type { CodeFinish, CodeOffer } from "./registrations.ts";

const finishTimeoutMs = 10_000;
/** After so many wrong codes the session must ask for a new one. */
const maxFailures = 5;

/**
 * The phone types the 8 characters that a session shows. Neither side learns whether the code was
 * right before the end: a wrong one gives keys that do not fit, and the last message does not open.
 */
export async function linkByCode(
  network: Network,
  account: Account,
  typed: string,
): Promise<Device> {
  const code = typed.replace(/[\s-]/g, "").toUpperCase();
  const offer = network.registrations.codeOffer(account.phone);
  if (!offer) {
    throw new SandboxError(
      "no_code_pending",
      "No session waits for a code of this number. Request a pairing code for it first.",
    );
  }
  const { wrappedEphemeral } = offer;
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
  const finish = waitForFinish(offer);
  sendPrimaryHello(account, offer, wrapped);
  const shared = Curve.sharedKey(ephemeral.private, companionEphemeral);
  const advSecret = openBundle(await finish, { account, offer, shared });
  if (!advSecret) {
    offer.failures += 1;
    if (offer.failures >= maxFailures) network.registrations.withdrawCode(account.phone);
    throw new SandboxError("wrong_code", "The session shows another code. Check it and try again.");
  }
  network.registrations.withdrawCode(account.phone);
  return await pair(network, account, { candidate: offer.candidate, advSecret });
}

function sendPrimaryHello(account: Account, offer: CodeOffer, wrapped: Buffer): void {
  const attrs = { from: serverJid, type: "link_code_companion_reg", id: randomUUID() };
  const hello = node("link_code_companion_reg", { stage: "primary_hello" }, [
    node("link_code_pairing_wrapped_primary_ephemeral_pub", {}, wrapped),
    node("primary_identity_pub", {}, account.keys.identity.public),
    node("link_code_pairing_ref", {}, offer.ref),
  ]);
  offer.candidate.connection.send(node("notification", attrs, [hello]));
}

function waitForFinish(offer: CodeOffer): Promise<CodeFinish> {
  const { promise, resolve, reject } = Promise.withResolvers<CodeFinish>();
  const timer = setTimeout(() => {
    reject(
      new SandboxError(
        "pairing_unanswered",
        "The session did not answer. Request a new pairing code and type that.",
      ),
    );
  }, finishTimeoutMs);
  offer.onFinish = resolve;
  return promise.finally(() => {
    clearTimeout(timer);
    offer.onFinish = null;
  });
}

interface Opening {
  account: Account;
  offer: CodeOffer;
  shared: Buffer;
}

/** The secret that both sides now have, or undefined when the code was wrong. */
function openBundle(
  { wrappedKeyBundle, identityKey }: CodeFinish,
  { account, offer, shared }: Opening,
): Buffer | undefined {
  const bundleKey = hkdf(shared, 32, {
    salt: wrappedKeyBundle.subarray(0, 32),
    info: "link_code_pairing_key_bundle_encryption_key",
  });
  const bundle = openSealed(wrappedKeyBundle.subarray(32), bundleKey);
  const ownKey = Buffer.from(account.keys.identity.public);
  const fits =
    bundle?.length === 96 &&
    bundle.subarray(0, 32).equals(identityKey) &&
    bundle.subarray(0, 32).equals(offer.candidate.identityKey) &&
    bundle.subarray(32, 64).equals(ownKey);
  if (!fits) return undefined;
  const identityShared = Curve.sharedKey(account.keys.identity.private, identityKey);
  const secret = Buffer.concat([shared, identityShared, bundle.subarray(64)]);
  return Buffer.from(hkdf(secret, 32, { info: "adv_secret" }));
}

function openSealed(sealed: Buffer, key: Uint8Array): Buffer | undefined {
  try {
    return aesDecryptGCM(sealed.subarray(12), key, sealed.subarray(0, 12), Buffer.alloc(0));
  } catch {
    // The seal does not fit the key: the code was wrong.
    return undefined;
  }
}
