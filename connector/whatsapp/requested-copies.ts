import { setTimeout as sleep } from "node:timers/promises";
import type { StanzaEmitter } from "./patches/take-over.ts";

interface Awaited {
  copy: PromiseWithResolvers<undefined>;
  /** Whether the last copy could not be decrypted either. */
  hasFailed: boolean;
}

/** A phone that is online sends the second copy within a second or two. */
const copyTimeoutMs = 5000;
/** After a copy that never came, the chat waits for none for so long. */
const givenUpMs = 60_000;

/**
 * The messages that could not be decrypted and were requested again. Later ones of their chat wait
 * for the second copy, so that it is not stored after them.
 */
export class RequestedCopies {
  readonly #awaited = new Map<string, Awaited>();
  readonly #givenUpUntil = new Map<string, number>();
  readonly #closed: Promise<unknown>;

  constructor(stanzas: StanzaEmitter) {
    this.#closed = new Promise((resolve) => stanzas.once("close", resolve));
  }

  /** Called before the message is requested again. */
  note(messageId: string): void {
    const awaited = this.#awaited.get(messageId);
    if (awaited !== undefined) awaited.hasFailed = true;
    else this.#awaited.set(messageId, { copy: Promise.withResolvers(), hasFailed: true });
  }

  isAwaited(messageId: string): boolean {
    return this.#awaited.has(messageId);
  }

  /** Handles a copy, ahead of the messages that wait for it. */
  async handle(messageId: string, work: () => Promise<unknown>): Promise<void> {
    const awaited = this.#awaited.get(messageId);
    if (awaited !== undefined) awaited.hasFailed = false;
    await work();
    if (awaited?.hasFailed === false) awaited.copy.resolve(undefined);
  }

  /** Resolves when a copy was decrypted, or is not to be expected any more. */
  async wait(messageId: string, chat: string): Promise<void> {
    const awaited = this.#awaited.get(messageId);
    if (awaited === undefined) return;
    const timer = new AbortController();
    try {
      if (performance.now() < (this.#givenUpUntil.get(chat) ?? 0)) return;
      const timeout = sleep(copyTimeoutMs, "timeout", { signal: timer.signal });
      const ended = await Promise.race([awaited.copy.promise, this.#closed, timeout]);
      if (ended === "timeout") this.#givenUpUntil.set(chat, performance.now() + givenUpMs);
    } finally {
      timer.abort();
      this.#awaited.delete(messageId);
    }
  }
}
