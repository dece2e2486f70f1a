import { Lane, type LaneOptions } from "./lane.ts";
import type { Write } from "./write.ts";

/**
 * The one way from this connector into the database. Writes of a session keep their order; a few
 * lanes, so that a slow commit of some sessions does not hold up all.
 */
export class Writer {
  readonly #lanes: Lane[];

  constructor(options: LaneOptions, lanes: number) {
    this.#lanes = Array.from({ length: lanes }, () => new Lane(options));
  }

  /** Resolves with the results of the write's items once it is committed; rejects with
   * NotWritten when it never will be, or with a DatabaseError when it was refused. */
  commit(write: Write): Promise<unknown[]> {
    return this.#laneOf(write.uid).commit(write);
  }

  drop(uid: string): void {
    this.#laneOf(uid).drop(uid);
  }

  async flushed(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.flushed()));
  }

  close(): void {
    for (const lane of this.#lanes) lane.close();
  }

  #laneOf(uid: string): Lane {
    // The last digits of a version 7 UUID are random.
    const lane = this.#lanes[Number.parseInt(uid.slice(-4), 16) % this.#lanes.length];
    if (lane === undefined) throw new Error(`not a session uid: ${uid}`);
    return lane;
  }
}
