import type { SignalKeyStoreWithTransaction } from "@whiskeysockets/baileys";

/**
 * The last thing Baileys reads for a message to one person, after it was encrypted and before its
 * stanza is written: where a message that overlaps others waits for what must be stored first.
 * Waiting where it is encrypted would keep the others from being encrypted too.
 */
export const lastReadBeforeStanza = "tctoken";

/** A message on its way out: what must be stored before it leaves. */
export class SendBarrier {
  /** Whether no other message of this device may be on its way at the same time. */
  readonly alone: boolean;
  readonly #pending: Promise<unknown>[];
  #released = false;

  constructor({ recorded, alone }: { recorded: Promise<unknown>; alone: boolean }) {
    this.alone = alone;
    this.#pending = [recorded];
  }

  async waitFor(committed: Promise<unknown>): Promise<void> {
    this.#pending.push(committed);
    // Told by release(); until then nobody listens.
    committed.catch(() => undefined);
    if (this.alone) await this.release();
  }

  async release(): Promise<void> {
    await Promise.all(this.#pending);
    this.#released = true;
  }

  /** Throws when the stanza was written without the wait: Baileys reads in another order now. */
  assertReleased(): void {
    if (!this.#released) throw new Error("A message left before it was stored");
  }
}

/** Less than the 5 minutes for which the devices of a recipient are remembered. */
const readyForMs = 4 * 60_000;

/** To whom a message went a moment ago: their devices are known, with a Signal session each. */
export class ReadyRecipients {
  readonly #until = new Map<string, number>();

  has(to: string): boolean {
    return (this.#until.get(to) ?? 0) > performance.now();
  }

  /** Groups are never ready: who has their sender key is read and written around each message. */
  add(to: string): void {
    if (this.has(to) || to.endsWith("@g.us")) return;
    const now = performance.now();
    for (const [known, until] of this.#until) if (until <= now) this.#until.delete(known);
    this.#until.set(to, now + readyForMs);
  }
}

/**
 * Baileys sends one message of a device at a time, from the first key it reads until the stanza
 * left, and each waits for its own commit there. A message to a recipient who is ready changes
 * nothing but the Signal sessions, which have locks and transactions of their own, so it need not
 * queue: messages that are sent together are committed together.
 */
export function allowConcurrentSends(
  keys: Partial<Pick<SignalKeyStoreWithTransaction, "transaction">>,
  maySendConcurrently: () => boolean,
): void {
  const transaction = keys.transaction?.bind(keys);
  if (transaction === undefined) return;
  let count = 0;
  keys.transaction = (work, key) => {
    if (!maySendConcurrently()) return transaction(work, key);
    count += 1;
    return transaction(work, `${key} ${count}`);
  };
}
