import { setTimeout as sleep } from "node:timers/promises";
import type { QueuedMessage } from "../../shared/database.ts";
import type { Timing } from "../timing.ts";
import { unwrap, type Supabase } from "../database/database.ts";
import { WakeSignal } from "../wait/wake-signal.ts";
import type { Log } from "../log/log.ts";
import { resolveRecipient } from "../number/resolve-recipient.ts";
import type { NumberCache } from "../number/number-cache.ts";
import type { Session } from "../session/session.ts";
import type { WhatsAppConnection } from "../whatsapp/connection.ts";
import { NotWritten } from "../write/write.ts";
import { prepareQueued } from "./prepare-queued.ts";
import { afterFailure, intervalMs, untilNextLook } from "./pace.ts";

const requestTimeoutMs = 10_000;

export interface DripOptions {
  supabase: Supabase;
  connectorId: string;
  timing: Timing;
  numberCache: NumberCache;
  findSession: (uid: string) => Session | undefined;
  log: Log;
  random: () => number;
}

/** Sends what is queued, one message of a session at a time, at the pace the database keeps. */
export class Drip {
  readonly #options: DripOptions;
  readonly #wakeSignal = new WakeSignal();
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
    this.#wakeSignal.notify();
  }

  /** Takes nothing more from the queue; what is under way goes on. */
  stopTaking(): void {
    this.#taking = false;
  }

  /** Resolves when `signal` ends it. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { timing } = this.#options;
    signal.addEventListener("abort", () => this.#wakeSignal.notify(), { once: true });
    while (!signal.aborted && this.#taking) {
      const waitMs = await this.#look();
      // Many hints, or many sessions that are due one after the other, are one look.
      await sleep(timing.dripGapMs, undefined, { signal }).catch(() => undefined);
      await this.#wakeSignal.wait(Math.max(0, waitMs - timing.dripGapMs));
    }
  }

  /** Starts what is due, and tells in how long something else will be. */
  async #look(): Promise<number> {
    const { supabase, connectorId, timing, log } = this.#options;
    // What they had in the queue may be told as it was before.
    const busyBefore = new Set(this.#busy);
    try {
      const heads = await unwrap(
        supabase
          .rpc("load_drip_heads", { connector_id: connectorId })
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
    const connection = session?.openConnection;
    // Its turn comes when it is connected, and has sent what a lost link left open.
    if (!this.#taking || session === undefined || connection === undefined)
      return timing.dripPollMs;
    if (session.outbox.isResuming) return timing.dripPollMs;

    const pauseMs = intervalMs(head.send_interval_ms, random);
    this.#busy.add(head.uid);
    void this.#send(head, { session, connection, pauseMs }).finally(() => {
      this.#busy.delete(head.uid);
      if (this.#passedOver.delete(head.uid)) this.#wakeSignal.notify();
    });
    return pauseMs;
  }

  /** Never rejects. */
  async #send(
    head: QueuedMessage,
    {
      session,
      connection,
      pauseMs,
    }: { session: Session; connection: WhatsAppConnection; pauseMs: number },
  ): Promise<void> {
    const { numberCache, log } = this.#options;
    const { id } = head;
    try {
      const prepared = await prepareQueued(head, {
        find: (recipient) =>
          resolveRecipient(recipient, { numberCache, network: session.network, connection }),
        intervalMs: pauseMs,
      });
      if (prepared.kind === "ready") {
        await session.outbox.send(connection, prepared.to, prepared.item);
      } else {
        const { error } = prepared;
        log.info({ event: "drip_hopeless", id, code: error.code }, "a queued message cannot go");
        await session.outbox.record({ kind: "outcome", id, status: "FAILED", error });
      }
    } catch (error) {
      // Still queued, and it is not its fault: the next owner or the next link sends it.
      if (error instanceof NotWritten || connection.isClosed) return;
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
