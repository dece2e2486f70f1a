import {
  Curve,
  DEFAULT_CONNECTION_CONFIG,
  encodeWAMessage,
  generateRegistrationId,
  generateSignalPubKey,
  proto,
  signedKeyPair,
  unpadRandomMax16,
} from "@whiskeysockets/baileys";
import type { SignalRepositoryWithLIDStore } from "@whiskeysockets/baileys";
import { pino } from "pino";
import type { Account, PhoneKeys } from "../account/account.ts";
import type { PreKeyBundle, PublicPreKey } from "../account/pre-keys.ts";
import type { Store } from "../store/store.ts";
import { PhoneKeyStore } from "./key-store.ts";

// Baileys logs the peer's addresses and errors here; the phone logs failures itself.
const silentLog = pino({ level: "silent" });

type InjectedSession = Parameters<SignalRepositoryWithLIDStore["injectE2ESession"]>[0]["session"];

/** What Baileys needs to start a session, without the one-time pre-key if none was left. */
export type EngineSession = Omit<InjectedSession, "preKey"> & {
  preKey: InjectedSession["preKey"] | undefined;
};

export function generatePhoneKeys(): PhoneKeys {
  const identity = Curve.generateKeyPair();
  return {
    identity,
    registrationId: generateRegistrationId(),
    signedPreKey: signedKeyPair(identity, 1),
    nextPreKeyId: 1,
  };
}

/**
 * A phone's Signal engine. It identifies a peer by its device's LID jid, even if the stanza used the
 * phone number.
 */
export class SignalEngine {
  readonly keys: PhoneKeyStore;
  readonly #repository: SignalRepositoryWithLIDStore;
  readonly #account: Account;
  /** Peers known to have a session; saves loading the session twice per message. */
  readonly #established = new Set<string>();

  constructor(store: Store, account: Account) {
    this.#account = account;
    this.keys = new PhoneKeyStore(store, account.phone);
    const { identity, signedPreKey, registrationId } = account.keys;
    const creds = { signedIdentityKey: identity, signedPreKey, registrationId };
    this.#repository = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(
      { creds, keys: this.keys },
      silentLog,
    );
  }

  /** Throws if no session can decrypt the message. */
  async decrypt(
    jid: string,
    type: "pkmsg" | "msg",
    ciphertext: Uint8Array,
  ): Promise<proto.Message> {
    const padded = await this.#repository.decryptMessage({
      jid,
      type,
      ciphertext: Buffer.from(ciphertext),
    });
    return proto.Message.decode(unpadRandomMax16(padded));
  }

  async encrypt(jid: string, message: proto.IMessage) {
    return await this.#repository.encryptMessage({ jid, data: encodeWAMessage(message) });
  }

  async hasSession(jid: string): Promise<boolean> {
    if (this.#established.has(jid)) return true;
    const { exists } = await this.#repository.validateSession(jid);
    if (exists) this.#established.add(jid);
    return exists;
  }

  async startSession(jid: string, { preKey, ...rest }: EngineSession): Promise<void> {
    const session = preKey ? { ...rest, preKey } : rest;
    await this.#repository.injectE2ESession({ jid, session });
    this.#established.add(jid);
  }

  /**
   * Generates one-time pre-keys, stores the private halves and returns the public ones. The caller
   * must save the account, which holds the next id.
   */
  generatePreKeys(count: number): PublicPreKey[] {
    const keys = Array.from({ length: count }, () => {
      const id = this.#account.keys.nextPreKeyId;
      this.#account.keys.nextPreKeyId += 1;
      return { id, pair: Curve.generateKeyPair() };
    });
    this.keys.set({
      "pre-key": Object.fromEntries(keys.map(({ id, pair }) => [String(id), pair])),
    });
    return keys.map(({ id, pair }) => ({ id, public: Buffer.from(pair.public) }));
  }

  close(): void {
    this.#repository.close?.();
  }
}

/** Converts a bundle of the key server to what `startSession` takes. */
export function sessionFrom(bundle: PreKeyBundle): EngineSession {
  const { registrationId, identityKey, signedPreKey, preKey } = bundle;
  return {
    registrationId,
    identityKey: generateSignalPubKey(identityKey),
    signedPreKey: {
      keyId: signedPreKey.id,
      publicKey: generateSignalPubKey(signedPreKey.public),
      signature: signedPreKey.signature,
    },
    preKey: preKey && { keyId: preKey.id, publicKey: generateSignalPubKey(preKey.public) },
  };
}
