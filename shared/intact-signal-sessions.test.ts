import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { keepSignalSessionsIntact } from "./intact-signal-sessions.ts";
import { silenceLibsignal } from "./silence-libsignal.ts";

silenceLibsignal();
keepSignalSessionsIntact();

interface KeyPair {
  pubKey: Buffer;
  privKey: Buffer;
}

interface PreKey {
  keyId: number;
  keyPair: KeyPair;
}

/** The part of libsignal's API that is used here, as it really is. */
interface Libsignal {
  keyhelper: {
    generateIdentityKeyPair(): KeyPair;
    generateSignedPreKey(identity: KeyPair, id: number): PreKey & { signature: Buffer };
    generatePreKey(id: number): PreKey;
    generateRegistrationId(): number;
  };
  ProtocolAddress: new (name: string, deviceId: number) => object;
  SessionBuilder: new (
    storage: object,
    address: object,
  ) => { initOutgoing(session: object): Promise<void> };
  SessionCipher: new (
    storage: object,
    address: object,
  ) => {
    encrypt(data: Buffer): Promise<{ type: number; body: string }>;
    decryptPreKeyWhisperMessage(body: Buffer): Promise<Buffer>;
    decryptWhisperMessage(body: Buffer): Promise<Buffer>;
  };
  SessionRecord: { deserialize(state: unknown): object };
}

const requireFromBaileys = createRequire(import.meta.resolve("@whiskeysockets/baileys"));
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its own types leave much out
const libsignal = requireFromBaileys("libsignal") as Libsignal;
const { keyhelper, ProtocolAddress, SessionBuilder, SessionCipher, SessionRecord } = libsignal;

interface Sent {
  type: number;
  body: Buffer;
  text: string;
}

/** A device that stores its Signal sessions as text, as the product does. */
class Device {
  readonly #identity = keyhelper.generateIdentityKeyPair();
  readonly #signedPreKey = keyhelper.generateSignedPreKey(this.#identity, 1);
  readonly #preKey = keyhelper.generatePreKey(1);
  readonly #registrationId = keyhelper.generateRegistrationId();
  #session: string | undefined;
  readonly #storage = {
    loadSession: () =>
      this.#session === undefined
        ? undefined
        : SessionRecord.deserialize(JSON.parse(this.#session)),
    storeSession: (_id: string, record: { serialize(): object }) => {
      this.#session = JSON.stringify(record.serialize());
    },
    isTrustedIdentity: () => true,
    loadPreKey: () => this.#preKey.keyPair,
    removePreKey: () => undefined,
    loadSignedPreKey: () => this.#signedPreKey.keyPair,
    getOurRegistrationId: () => this.#registrationId,
    getOurIdentity: () => this.#identity,
  };
  readonly #address = new ProtocolAddress("peer", 1);

  async startSession(peer: Device): Promise<void> {
    await new SessionBuilder(this.#storage, this.#address).initOutgoing({
      registrationId: peer.#registrationId,
      identityKey: peer.#identity.pubKey,
      signedPreKey: {
        keyId: 1,
        publicKey: peer.#signedPreKey.keyPair.pubKey,
        signature: peer.#signedPreKey.signature,
      },
      preKey: { keyId: 1, publicKey: peer.#preKey.keyPair.pubKey },
    });
  }

  async encrypt(text: string): Promise<Sent> {
    const cipher = new SessionCipher(this.#storage, this.#address);
    const { type, body } = await cipher.encrypt(Buffer.from(text));
    return { type, body: Buffer.from(body, "latin1"), text };
  }

  async decrypt({ type, body }: Sent): Promise<string> {
    const cipher = new SessionCipher(this.#storage, this.#address);
    const plain = await (type === 3
      ? cipher.decryptPreKeyWhisperMessage(body)
      : cipher.decryptWhisperMessage(body));
    return plain.toString();
  }
}

test("devices that write to each other at once for the first time decrypt all messages", async () => {
  for (let round = 0; round < 20; round += 1) {
    const [ada, ben] = [new Device(), new Device()];
    await ada.startSession(ben);
    await ben.startSession(ada);
    const toAda: Sent[] = [];
    const toBen: Sent[] = [];
    // Messages overtake answers on their way, in another order in each round.
    for (let step = 0; step < 24; step += 1) {
      toBen.push(await ada.encrypt(`ada ${step}`));
      toAda.push(await ben.encrypt(`ben ${step}`));
      const arrivesAtBen = (step * (round + 3)) % 5 > 1;
      const arrivesAtAda = (step * (round + 2)) % 7 > 2;
      for (const sent of arrivesAtBen ? toBen.splice(0) : []) {
        expect(await ben.decrypt(sent)).toBe(sent.text);
      }
      for (const sent of arrivesAtAda ? toAda.splice(0) : []) {
        expect(await ada.decrypt(sent)).toBe(sent.text);
      }
    }
  }
});
