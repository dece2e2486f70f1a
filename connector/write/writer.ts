import { type OwnedSession, WriteQueue, type WriteQueueOptions } from "./write-queue.ts";
import type { Write } from "./write.ts";

/**
 * All writes of a connector go through here. Those of one session keep their order; there are several
 * queues, so that a slow commit of some sessions does not hold up all.
 */
export class Writer {
  readonly #queues: WriteQueue[];

  constructor(options: WriteQueueOptions, queues: number) {
    this.#queues = Array.from({ length: queues }, () => new WriteQueue(options));
  }

  /** Resolves with the results of the write's items once it is committed; rejects with
   * NotWritten when it never will be, or with a DatabaseError when it was refused. */
  commit(write: Write): Promise<unknown[]> {
    return this.#queueOf(write.uid).commit(write);
  }

  drop(owned: OwnedSession): void {
    this.#queueOf(owned.uid).drop(owned);
  }

  async flushed(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.flushed()));
  }

  close(): void {
    for (const queue of this.#queues) queue.close();
  }

  #queueOf(uid: string): WriteQueue {
    // The last digits of a version 7 UUID are random.
    const queue = this.#queues[Number.parseInt(uid.slice(-4), 16) % this.#queues.length];
    if (queue === undefined) throw new Error(`not a session uid: ${uid}`);
    return queue;
  }
}
