import { createRequire } from "node:module";

/** A Signal session in memory: one of several with the same peer. */
interface SessionEntry {
  serialize(): object;
  getChain(ephemeralKey: Buffer): unknown;
}

/** What libsignal's SessionCipher has and its types leave out. */
interface CipherInternals {
  maybeStepRatchet(session: SessionEntry, remoteKey: Buffer, previousCounter: number): void;
  doDecryptWhisperMessage(message: Buffer, session: SessionEntry): Promise<Buffer>;
}

const installed = Symbol.for("whatsapp.intactSignalSessions");

/**
 * Keeps a Signal session as it was when it cannot decrypt a message. Two devices that write to each
 * other for the first time at once have two sessions, and libsignal tries them one after the
 * other. Each try advances the session that it tries, also when it was the wrong one, and the
 * result is stored: the peer cannot decrypt what is sent over that session afterwards. Applies to
 * the whole process.
 */
export function keepSignalSessionsIntact(): void {
  const cipher = cipherPrototype();
  if (installed in cipher) return;
  Object.defineProperty(cipher, installed, { value: true });
  const before = new WeakMap<SessionEntry, object>();
  // oxlint-disable-next-line typescript/unbound-method -- called with their own `this` below
  const { maybeStepRatchet: step, doDecryptWhisperMessage: decrypt } = cipher;

  cipher.maybeStepRatchet = function (session, remoteKey, previousCounter) {
    // A session that knows the key is the right one, and its ratchet does not move.
    if (session.getChain(remoteKey) === undefined) before.set(session, session.serialize());
    step.call(this, session, remoteKey, previousCounter);
  };
  cipher.doDecryptWhisperMessage = async function (message, session) {
    try {
      return await decrypt.call(this, message, session);
    } catch (error) {
      const state = before.get(session);
      if (state !== undefined) restore(session, state);
      throw error;
    } finally {
      before.delete(session);
    }
  };
}

function restore(session: SessionEntry, state: object): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- libsignal's SessionEntry has it
  const Entry = session.constructor as unknown as { deserialize(state: object): SessionEntry };
  Object.assign(session, Entry.deserialize(state));
}

/** libsignal comes with Baileys, which is resolved first; it is no dependency of its own. */
function cipherPrototype(): CipherInternals {
  const requireFromBaileys = createRequire(import.meta.resolve("@whiskeysockets/baileys"));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked below
  const { SessionCipher } = requireFromBaileys("libsignal") as {
    SessionCipher: { prototype: CipherInternals };
  };
  const { prototype } = SessionCipher;
  if (
    typeof prototype.maybeStepRatchet !== "function" ||
    typeof prototype.doDecryptWhisperMessage !== "function"
  ) {
    throw new Error(
      "libsignal decrypts in another way now. Adapt the patch to this version of it.",
    );
  }
  return prototype;
}
