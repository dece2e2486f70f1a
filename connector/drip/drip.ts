import { setTimeout as sleep } from "node:timers/promises";
import type { QueuedMessage } from "../../shared/database.ts";
import type { QueueDefaults } from "../../shared/queue.ts";
import type { Timing } from "../timing.ts";
import { type Database } from "../database/database.ts";
import { untilAborted } from "../wait/until-aborted.ts";
import { WakeSignal } from "../wait/wake-signal.ts";
import type { Log } from "../log/log.ts";
import { resolveRecipient } from "../number/resolve-recipient.ts";
import type { NumberCache } from "../number/number-cache.ts";
import { requeueOrFail } from "../session/send-policy.ts";
import type { Session } from "../session/session.ts";
import type { WhatsAppConnection } from "../whatsapp/connection.ts";
import { NotWritten } from "../write/write.ts";
import { type Pace, prepareQueued } from "./prepare-queued.ts";
import { advanceMs, jitteredMs, untilNextPoll } from "./pace.ts";

const requestTimeoutMs = 10_000;

export interface DripOptions {
  database: Database;
  connectorId: string;
  timing: Timing;
  queueDefaults: QueueDefaults;
  numberCache: NumberCache;
  findSession: (uid: string) => Session | undefined;
  log: Log;
  random: () => number;
}

/** Sends queued messages, one per session at a time, at the pace that is stored per session. */
export class Drip {
  readonly #options: DripOptions;
  readonly #wakeSignal = new WakeSignal();
  /** Sessions with a message on its way. */
  readonly #busy = new Set<string>();
  /** Those of them that were due again meanwhile. */
  readonly #deferred = new Set<string>();
  #isDequeuing = true;
  #turnedAt: number | undefined;

  constructor(options: DripOptions) {
    this.#options = options;
  }

  /** How many messages are on their way. */
  get running(): number {
    return this.#busy.size;
  }

  /** When its loop last came round; undefined while it does not run. */
  get turnedAt(): number | undefined {
    return this.#turnedAt;
  }

  /** Reads the queue soon: a message was queued, or a session can send again. */
  wake(): void {
    this.#wakeSignal.notify();
  }

  /** Dequeues nothing more; messages on their way are finished. */
  stopDequeuing(): void {
    this.#isDequeuing = false;
  }

  /** Runs until `signal` is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { timing } = this.#options;
    signal.addEventListener("abort", () => this.#wakeSignal.notify(), { once: true });
    while (!signal.aborted && this.#isDequeuing) {
      this.#turnedAt = performance.now();
      const waitMs = await untilAborted(this.#poll(), signal).catch(() => 0);
      // Notifications within this gap, and sessions due one after the other, share one poll.
      await sleep(timing.dripGapMs, undefined, { signal }).catch(() => undefined);
      await this.#wakeSignal.wait(Math.max(0, waitMs - timing.dripGapMs));
    }
    this.#turnedAt = undefined;
  }

  /** Starts what is due; returns in how many milliseconds to poll again. */
  async #poll(): Promise<number> {
    const { database, connectorId, timing, queueDefaults, log } = this.#options;
    // load_drip_heads may return a head that one of these has dequeued meanwhile.
    const busyBefore = new Set(this.#busy);
    try {
      const { heads, poll_interval_ms, scheduled_in_ms } = await database.call(
        "load_drip_heads",
        {
          connector_id: connectorId,
          defaults: { ...queueDefaults, poll_interval_ms: timing.dripPollMs },
        },
        { timeoutMs: requestTimeoutMs },
      );
      const waits = heads.map((head) => {
        if (head.due_in_ms > 0) return head.due_in_ms;
        const isBusy = busyBefore.has(head.uid) || this.#busy.has(head.uid);
        return isBusy ? this.#defer(head) : this.#start(head);
      });
      if (scheduled_in_ms !== null) waits.push(scheduled_in_ms);
      return untilNextPoll(waits, poll_interval_ms ?? timing.dripPollMs);
    } catch (error) {
      log.warn({ event: "queue_poll_failed", err: error }, "could not read the queue");
      return timing.dripPollMs;
    }
  }

  /** Polls again when the message on its way is finished. */
  #defer({ uid }: QueuedMessage): number {
    if (!this.#busy.has(uid)) return 0;
    this.#deferred.add(uid);
    return Infinity;
  }

  #start(head: QueuedMessage): number {
    const { findSession, timing, random } = this.#options;
    const session = findSession(head.uid);
    const connection = session?.openConnection;
    // onReady wakes the drip when the session is connected and has resent what was left open.
    const isReady = connection !== undefined && session?.outbox.isResuming === false;
    if (!this.#isDequeuing || session === undefined || !isReady) return timing.dripPollMs;

    const pauseMs = jitteredMs(head.interval_ms, random);
    const lateMs = Math.max(0, -head.due_in_ms);
    const pace = { intervalMs: pauseMs, advanceMs: advanceMs({ lateMs, pauseMs }) };
    this.#busy.add(head.uid);
    void this.#send(head, { session, connection, pace }).then((tookTurn) => {
      this.#busy.delete(head.uid);
      // What was not sent leaves its turn to the next message.
      if (this.#deferred.delete(head.uid) || !tookTurn) this.#wakeSignal.notify();
    });
    return pace.advanceMs - lateMs;
  }

  /** Whether the session has to wait before its next message. Never rejects. */
  async #send(
    head: QueuedMessage,
    { session, connection, pace }: { session: Session; connection: WhatsAppConnection; pace: Pace },
  ): Promise<boolean> {
    const { numberCache, log } = this.#options;
    const { id } = head;
    try {
      const prepared = await prepareQueued(head, {
        find: (recipient) => resolveRecipient(recipient, { numberCache, session, connection }),
        pace,
      });
      if (prepared.kind === "ready") {
        await session.outbox.send(connection, prepared.to, prepared.item);
      } else {
        const { error } = prepared;
        log.info({ event: "undeliverable", id, code: error.code }, "cannot be sent");
        await session.outbox.record({ kind: "outcome", id, status: "FAILED", error });
        return false;
      }
    } catch (error) {
      // It is still queued, and the message is not the cause: another connection sends it.
      if (error instanceof NotWritten || connection.isClosed) return true;
      log.warn({ event: "drip_failed", id, err: error }, "could not send a queued message");
      await this.#requeue(head, session);
    }
    return true;
  }

  async #requeue(head: QueuedMessage, session: Session): Promise<void> {
    const { timing, random, log } = this.#options;
    const { id, attempts, max_retries: maxRetries } = head;
    const error = { code: "send_failed", message: "The message could not be prepared." };
    const outcome = requeueOrFail(
      { id, attempts, maxRetries, error },
      { retry: timing.dripRetry, random },
    );
    await session.outbox.record(outcome).catch((cause: unknown) => {
      log.warn({ event: "write_failed", id, err: cause }, "could not store an outcome");
    });
  }
}
