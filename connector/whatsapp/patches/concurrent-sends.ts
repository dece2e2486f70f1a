// Baileys sends one message at a time; here messages to known recipients are sent concurrently.
import type { SignalKeyStoreWithTransaction } from "@whiskeysockets/baileys";

/** Less than the 5 minutes for which Baileys remembers the devices of a recipient. */
const recentForMs = 4 * 60_000;

/** Recipients of recent messages: their devices are known, and each has a Signal session. */
export class RecentRecipients {
  readonly #until = new Map<string, number>();

  has(to: string): boolean {
    return (this.#until.get(to) ?? 0) > performance.now();
  }

  /** Leaves groups out: each message to one reads and writes who has the sender key. */
  add(to: string): void {
    if (this.has(to) || to.endsWith("@g.us")) return;
    const now = performance.now();
    for (const [known, until] of this.#until) if (until <= now) this.#until.delete(known);
    this.#until.set(to, now + recentForMs);
  }
}

/**
 * Baileys runs a send as one transaction under the key of the account, from the first key it reads
 * until the stanza is written, so each message waits for the commit of the one before. A message
 * to a recent recipient changes only Signal sessions, which have their own locks and transactions.
 * Such a send runs under a key of its own, and concurrent sends are committed together.
 */
export function allowConcurrentSends(
  keys: Partial<Pick<SignalKeyStoreWithTransaction, "transaction">>,
  maySendConcurrently: () => boolean,
): void {
  const transaction = keys.transaction?.bind(keys);
  if (transaction === undefined) throw new Error("The key store has no transactions");
  let count = 0;
  keys.transaction = (work, key) => {
    if (!maySendConcurrently()) return transaction(work, key);
    count += 1;
    return transaction(work, `${key} ${count}`);
  };
}
