/** Holds an outgoing message back until everything that must be stored before it is committed. */
export class SendBarrier {
  /** Whether no other message of the session may be encrypted before this one has left. */
  readonly exclusive: boolean;
  readonly #commits: Promise<unknown>[];
  #passed = false;

  constructor({
    intentCommitted,
    exclusive,
  }: {
    intentCommitted: Promise<unknown>;
    exclusive: boolean;
  }) {
    this.exclusive = exclusive;
    this.#commits = [intentCommitted];
  }

  /** Adds a commit that the message depends on. An exclusive message waits for it at once. */
  async add(committed: Promise<unknown>): Promise<void> {
    this.#commits.push(committed);
    committed.catch(() => undefined); // Avoids an unhandled rejection; pass() awaits it later.
    if (this.exclusive) await this.pass();
  }

  /** Resolves when all commits are made; rejects when one of them failed. */
  async pass(): Promise<void> {
    await Promise.all(this.#commits);
    this.#passed = true;
  }

  /** Throws when the stanza was written without waiting: Baileys reads its keys in a new order. */
  assertPassed(): void {
    if (!this.#passed) throw new Error("A message left before it was stored");
  }
}
