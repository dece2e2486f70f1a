import {
  addTransactionCapability,
  type BinaryNode,
  Curve,
  DEFAULT_CONNECTION_CONFIG,
  generateSignalPubKey,
  proto,
  type SignalKeyStoreWithTransaction,
  type WASocket,
  writeRandomPadMax16,
} from "@whiskeysockets/baileys";
import { pino } from "pino";
import { type Credentials, newCredentials, signalKeyStore } from "../auth-state.ts";
import { DeferredCommits } from "../patches/deferred-commits.ts";
import { MemoryKeys } from "./memory-keys.ts";
import { me, type TestSocket } from "./test-socket.ts";

type SignalRepository = WASocket["signalRepository"];
type Session = Parameters<SignalRepository["injectE2ESession"]>[0]["session"];

const log = pino({ level: "silent" });
const preKeyId = 1;

/** A person on WhatsApp with a phone and no other device, encrypting with plain Baileys. */
export class Contact {
  readonly jid: string;
  readonly lid: string;
  readonly #repository: SignalRepository;
  readonly #credentials = newCredentials();
  readonly #keys: SignalKeyStoreWithTransaction;

  constructor(user = "393330000001") {
    this.jid = `${user}@s.whatsapp.net`;
    this.lid = `7${user}@lid`;
    this.#keys = withTransactions(new MemoryKeys());
    this.#repository = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(
      { creds: this.#credentials, keys: this.#keys },
      log,
      async () => [],
    );
  }

  /** Makes the contact known to us, and us to the contact, as after a first message each way. */
  async meet(opened: TestSocket): Promise<void> {
    const { socket, caches } = opened;
    await socket.signalRepository.lidMapping.storeLIDPNMappings([{ lid: this.lid, pn: this.jid }]);
    for (const jid of [this.jid, this.lid]) {
      const [user = "", server] = jid.split("@");
      await caches.userDevicesCache.set(user, [{ user, server, device: 0 }]);
    }
    for (const jid of [me.id, me.lid]) {
      await caches.userDevicesCache.set(jid.split(":", 1)[0] ?? "", []);
    }
    const own = await bundleOf(this.#credentials, this.#keys);
    await socket.signalRepository.injectE2ESession({ jid: this.jid, session: own });
    const { creds, keys } = socket.authState;
    const ours = await bundleOf(creds, withTransactionsOf(keys));
    await this.#repository.injectE2ESession({ jid: me.id, session: ours });
  }

  /** Our public keys, as the server would hand them out now. */
  bundle(): Promise<Session> {
    return bundleOf(this.#credentials, this.#keys);
  }

  /** The stanza of a text to us. */
  async write(id: string, text: string): Promise<BinaryNode> {
    const plaintext = proto.Message.encode({ conversation: text }).finish();
    const { type, ciphertext } = await this.#repository.encryptMessage({
      jid: me.id,
      data: writeRandomPadMax16(plaintext),
    });
    return {
      tag: "message",
      attrs: { id, from: this.jid, sender_lid: this.lid, t: "1764000000", type: "text" },
      content: [{ tag: "enc", attrs: { v: "2", type }, content: ciphertext }],
    };
  }
}

async function bundleOf(
  credentials: Credentials,
  keys: SignalKeyStoreWithTransaction,
): Promise<Session> {
  const preKey = Curve.generateKeyPair();
  await keys.set({ "pre-key": { [preKeyId]: preKey } });
  const { signedPreKey, signedIdentityKey, registrationId } = credentials;
  return {
    registrationId,
    identityKey: generateSignalPubKey(signedIdentityKey.public),
    signedPreKey: {
      keyId: signedPreKey.keyId,
      publicKey: generateSignalPubKey(signedPreKey.keyPair.public),
      signature: signedPreKey.signature,
    },
    preKey: { keyId: preKeyId, publicKey: generateSignalPubKey(preKey.public) },
  };
}

function withTransactions(keys: MemoryKeys): SignalKeyStoreWithTransaction {
  const store = signalKeyStore(keys, new DeferredCommits());
  return addTransactionCapability(store, log, { maxCommitRetries: 1, delayBetweenTriesMs: 0 });
}

function withTransactionsOf(keys: WASocket["authState"]["keys"]): SignalKeyStoreWithTransaction {
  if (!("transaction" in keys)) throw new Error("The key store has no transactions");
  return keys;
}
