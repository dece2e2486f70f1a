import { setTimeout as sleep } from "node:timers/promises";
import type { QueuedMessage } from "../../shared/database.ts";
import type { Timing } from "../config.ts";
import { answered, type Supabase } from "../database/database.ts";
import { Doorbell } from "../lease/doorbell.ts";
import type { Log } from "../log/log.ts";
import { findAddressee } from "../number/addressee.ts";
import type { Directory } from "../number/directory.ts";
import type { Session } from "../session/session.ts";
import type { Link } from "../whatsapp/link.ts";
import { NotWritten } from "../write/write.ts";
import { seal } from "./envelope.ts";
import { afterFailure, intervalMs, untilNextLook } from "./pace.ts";

const requestTimeoutMs = 10_000;

export interface DripOptions {
  supabase: Supabase;
  connectorId: string;
  timing: Timing;
  directory: Directory;
  findSession: (uid: string) => Session | undefined;
  log: Log;
  random: () => number;
}

/** Sends what is queued, one message of a session at a time, at the pace the database keeps. */
export class Drip {
  readonly #options: DripOptions;
  readonly #bell = new Doorbell();
  /** Sessions whose message is under way. */
  readonly #busy = new Set<string>();
  /** Those of them that were due again meanwhile. */
  readonly #passedOver = new Set<string>();
  #taking = true;

  constructor(options: DripOptions) {
    this.#options = options;
  }

  /** How many messages are under way. */
  get running(): number {
    return this.#busy.size;
  }

  /** A hint: something was queued, or a session can send again. */
  wake(): void {
    this.#bell.ring();
  }

  /** Takes nothing more from the queue; what is under way goes on. */
  stopTaking(): void {
    this.#taking = false;
  }

  /** Resolves when `signal` ends it. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { timing } = this.#options;
    signal.addEventListener("abort", () => this.#bell.ring(), { once: true });
    while (!signal.aborted && this.#taking) {
      const waitMs = await this.#look();
      // Many hints, or many sessions that are due one after the other, are one look.
      await sleep(timing.dripGapMs, undefined, { signal }).catch(() => undefined);
      await this.#bell.wait(Math.max(0, waitMs - timing.dripGapMs));
    }
  }

  /** Starts what is due, and tells in how long something else will be. */
  async #look(): Promise<number> {
    const { supabase, connectorId, timing, log } = this.#options;
    // What they had in the queue may be told as it was before.
    const busyBefore = new Set(this.#busy);
    try {
      const heads = await answered(
        supabase
          .rpc("load_drips", { connector_id: connectorId })
          .abortSignal(AbortSignal.timeout(requestTimeoutMs)),
      );
      const waits = (heads ?? []).map((head) => {
        if (head.due_in_ms > 0) return head.due_in_ms;
        const isBusy = busyBefore.has(head.uid) || this.#busy.has(head.uid);
        return isBusy ? this.#passOver(head) : this.#start(head);
      });
      return untilNextLook(waits, timing.dripPollMs);
    } catch (error) {
      log.warn({ event: "drip_look_failed", err: error }, "could not look into the queue");
      return timing.dripPollMs;
    }
  }

  #passOver({ uid }: QueuedMessage): number {
    if (!this.#busy.has(uid)) return 0;
    this.#passedOver.add(uid);
    return Infinity;
  }

  #start(head: QueuedMessage): number {
    const { findSession, timing, random } = this.#options;
    const session = findSession(head.uid);
    const link = session?.openLink;
    // Its turn comes when it is connected, and has sent what a lost link left open.
    if (!this.#taking || session === undefined || link === undefined) return timing.dripPollMs;
    if (session.outbox.isResuming) return timing.dripPollMs;

    const pauseMs = intervalMs(head.send_interval_ms, random);
    this.#busy.add(head.uid);
    void this.#send(head, { session, link, pauseMs }).finally(() => {
      this.#busy.delete(head.uid);
      if (this.#passedOver.delete(head.uid)) this.#bell.ring();
    });
    return pauseMs;
  }

  /** Never rejects. */
  async #send(
    head: QueuedMessage,
    { session, link, pauseMs }: { session: Session; link: Link; pauseMs: number },
  ): Promise<void> {
    const { directory, log } = this.#options;
    const { id } = head;
    try {
      const envelope = await seal(head, {
        find: (recipient) =>
          findAddressee(recipient, { directory, network: session.network, link }),
        intervalMs: pauseMs,
      });
      if (envelope.kind === "ready") {
        await session.outbox.send(link, envelope.to, envelope.item);
      } else {
        const { error } = envelope;
        log.info({ event: "drip_hopeless", id, code: error.code }, "a queued message cannot go");
        await session.outbox.record({ kind: "outcome", id, status: "FAILED", error });
      }
    } catch (error) {
      // Still queued, and it is not its fault: the next owner or the next link sends it.
      if (error instanceof NotWritten || link.isClosed) return;
      log.warn({ event: "drip_failed", id, err: error }, "a queued message could not be sent");
      await this.#tryLater(head, session);
    }
  }

  async #tryLater({ id, attempts }: QueuedMessage, session: Session): Promise<void> {
    const { timing, random, log } = this.#options;
    const error = { code: "send_failed", message: "The message could not be prepared." };
    const outcome = afterFailure({ id, attempts, error }, { retry: timing.dripRetry, random });
    await session.outbox.record(outcome).catch((cause: unknown) => {
      log.warn({ event: "not_written", id, err: cause }, "not written");
    });
  }
}
