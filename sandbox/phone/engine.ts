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
import type { KeyBundle, PublicPreKey } from "../account/pre-keys.ts";
import type { Store } from "../store/store.ts";
import { PhoneKeyStore } from "./key-store.ts";

// Baileys logs addresses and errors of the peer here; the phone reports what matters itself.
const quiet = pino({ level: "silent" });

type InjectedSession = Parameters<SignalRepositoryWithLIDStore["injectE2ESession"]>[0]["session"];

/** What starts a session with a peer; the one-time key may have run out. */
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

/** A phone's Signal engine. Peers are named by their device's LID jid, whatever the wire says. */
export class SignalEngine {
  readonly keys: PhoneKeyStore;
  readonly #repository: SignalRepositoryWithLIDStore;
  readonly #account: Account;
  /** Peers known to have a session, so that sending does not load it twice. */
  readonly #established = new Set<string>();

  constructor(store: Store, account: Account) {
    this.#account = account;
    this.keys = new PhoneKeyStore(store, account.phone);
    const { identity, signedPreKey, registrationId } = account.keys;
    const creds = { signedIdentityKey: identity, signedPreKey, registrationId };
    this.#repository = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(
      { creds, keys: this.keys },
      quiet,
    );
  }

  /** The message inside a ciphertext; throws when it cannot be opened. */
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

  /** New one-time keys: the private halves stay here. The caller saves the account. */
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

/** A key server's bundle in the form the engine starts a session from. */
export function sessionFrom(bundle: KeyBundle): EngineSession {
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
