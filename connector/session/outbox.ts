import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError } from "../../shared/errors.ts";
import { type Message, messageSchema } from "../../shared/message.ts";
import { afterFailure } from "../drip/pace.ts";
import type { Log } from "../log/log.ts";
import type { Metrics } from "../http/metrics.ts";
import type { BackoffLimits } from "../wait/backoff.ts";
import { withTimeout } from "../wait/with-timeout.ts";
import { isConnectionFailure } from "../whatsapp/close-reason.ts";
import type { WhatsAppConnection } from "../whatsapp/connection.ts";
import {
  type DequeueItem,
  type Item,
  NotWritten,
  type OutcomeItem,
  type SendItem,
  type SendResult,
  sendResultSchema,
} from "../write/write.ts";

export interface OutboxOptions {
  commit: (item: Item) => Promise<unknown>;
  loadInFlight: () => Promise<
    {
      id: string;
      wa_message_id: string;
      chat_id: string;
      content: string;
      source: "api" | "queue";
      attempts: number;
    }[]
  >;
  /** The link that messages can go out on now. */
  openConnection: () => WhatsAppConnection | undefined;
  ackTimeoutMs: number;
  /** For messages of the queue, which are tried again. */
  retry: BackoffLimits;
  random: () => number;
  metrics: Metrics;
  log: Log;
}

const resumeAgainMs = 1000;

/** A message between its intent and WhatsApp's answer. */
interface PendingSend {
  id: string;
  connection: WhatsAppConnection;
  /** How often it was tried before, when it came from the queue. */
  queuedAttempts: number | undefined;
  sentAt: number;
  settled: PromiseWithResolvers<Message>;
}

/** The id a message has at WhatsApp: made of ours, so that sending it again is the same message. */
export function waMessageIdOf(id: string): string {
  const digest = createHash("sha256").update(id).digest("hex");
  return `3EB0${digest.slice(0, 18).toUpperCase()}`;
}

/** The messages of one session that are on their way out. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #pendingSends = new Map<string, PendingSend>();
  #resuming = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#pendingSends.size;
  }

  /** Whether what a lost link left open is still being sent. */
  get isResuming(): boolean {
    return this.#resuming > 0;
  }

  /** Resolves when WhatsApp took or refused the message, or with it as SENDING after a while. */
  async send(
    connection: WhatsAppConnection,
    to: string,
    intent: SendItem | DequeueItem,
  ): Promise<{ message: Message; replayed: boolean }> {
    const begun = this.#begin(intent);
    const queuedAttempts = intent.kind === "dequeue" ? intent.attempts : undefined;
    const pending = this.#take(connection, { ...intent, queuedAttempts });
    const created = begun.then((result) => {
      if (result.outcome !== "created") throw new NotWritten(result.outcome);
    });
    void this.#put(pending, { to, ...intent, intentCommitted: created }); // settles the pending, never rejects

    const result = await begun.catch((error: unknown) => {
      this.#pendingSends.delete(intent.wa_message_id);
      throw error;
    });
    if (result.outcome === "created") {
      const message = await withTimeout(pending.settled.promise, this.#options.ackTimeoutMs);
      return { message: message ?? result.message, replayed: false };
    }
    this.#pendingSends.delete(intent.wa_message_id);
    if (result.outcome === "replayed") return { message: result.message, replayed: true };
    if (result.outcome === "gone") throw new NotWritten("the message is not queued any more");
    throw new ApiError(
      "idempotency_mismatch",
      "Use a new Idempotency-Key for another request; this one was used before with another body.",
    );
  }

  /** WhatsApp's answer, which may also come after the caller was answered. */
  acknowledge(waMessageId: string, errorCode: string | undefined): void {
    const pending = this.#pendingSends.get(waMessageId);
    if (pending === undefined) return;
    this.#options.metrics.ackLatency.observe((performance.now() - pending.sentAt) / 1000);
    this.#settle(waMessageId, pending, outcomeOf(pending.id, errorCode));
  }

  /** Sends again, under the same ids, what WhatsApp never answered. Never rejects. */
  async resume(connection: WhatsAppConnection): Promise<void> {
    this.#resuming += 1;
    try {
      const queued = (await this.#sendAgain(connection)).filter(
        (pending) => pending.queuedAttempts !== undefined,
      );
      // The next of the queue keeps its distance from these.
      const answers = queued.map((pending) =>
        withTimeout(pending.settled.promise, this.#options.ackTimeoutMs).catch(() => undefined),
      );
      await Promise.all(answers);
    } finally {
      this.#resuming -= 1;
    }
  }

  async #sendAgain(connection: WhatsAppConnection): Promise<PendingSend[]> {
    const pendingSends: PendingSend[] = [];
    for (const row of await this.#inFlight(connection)) {
      if (connection.isClosed) return [];
      const waiting = this.#pendingSends.get(row.wa_message_id);
      if (waiting?.connection === connection) continue;
      const queuedAttempts = row.source === "queue" ? row.attempts : undefined;
      const pending = this.#take(connection, { ...row, queuedAttempts });
      pendingSends.push(pending);
      if (waiting !== undefined) pending.settled = waiting.settled;
      this.#options.log.info(
        { event: "send_again", id: row.id },
        "sending again after a reconnect",
      );
      await this.#put(pending, { to: row.chat_id, ...row, intentCommitted: Promise.resolve() });
    }
    return pendingSends;
  }

  /** However long the database takes to tell, as long as the link lives. */
  async #inFlight(connection: WhatsAppConnection) {
    while (!connection.isClosed) {
      try {
        return await this.#options.loadInFlight();
      } catch (error) {
        this.#options.log.warn({ event: "resume_failed", err: error }, "could not send again");
        await sleep(resumeAgainMs);
      }
    }
    return [];
  }

  /** Writes down what became of a message that did not leave. */
  async record(outcome: OutcomeItem): Promise<void> {
    this.#options.metrics.sends.inc({ outcome: outcome.status });
    await this.#options.commit(outcome);
  }

  async #begin(intent: SendItem | DequeueItem): Promise<SendResult> {
    return sendResultSchema.parse(await this.#options.commit(intent));
  }

  #take(
    connection: WhatsAppConnection,
    {
      id,
      wa_message_id,
      queuedAttempts,
    }: { id: string; wa_message_id: string; queuedAttempts: number | undefined },
  ): PendingSend {
    const pending = {
      id,
      connection,
      queuedAttempts,
      sentAt: performance.now(),
      settled: Promise.withResolvers<Message>(),
    };
    // Its sender may be gone by then.
    pending.settled.promise.catch(() => undefined);
    this.#pendingSends.set(wa_message_id, pending);
    return pending;
  }

  async #put(
    pending: PendingSend,
    {
      to,
      content,
      wa_message_id,
      intentCommitted,
    }: { to: string; content: string; wa_message_id: string; intentCommitted: Promise<unknown> },
  ): Promise<void> {
    const { connection } = pending;
    try {
      await Promise.all([
        connection.send({ to, content, waMessageId: wa_message_id, intentCommitted }),
        intentCommitted,
      ]);
    } catch (error) {
      const recorded = await intentCommitted.then(
        () => true,
        () => false,
      );
      if (!recorded || error instanceof NotWritten) return;
      if (this.#pendingSends.get(wa_message_id) !== pending) return;
      if (connection.isClosed || isConnectionFailure(error)) {
        // The next link sends what is recorded; it may have looked just before this was.
        const next = this.#options.openConnection();
        if (next !== undefined && next !== connection) await this.resume(next);
        return;
      }
      this.#options.log.warn(
        { event: "send_failed", id: pending.id, err: error },
        "could not send",
      );
      this.#settle(wa_message_id, pending, {
        kind: "outcome",
        id: pending.id,
        status: "FAILED",
        error: {
          code: "send_failed",
          message: "The message could not be encrypted for its recipient.",
        },
      });
    }
  }

  #settle(waMessageId: string, pending: PendingSend, ended: OutcomeItem): void {
    this.#pendingSends.delete(waMessageId);
    const { queuedAttempts: attempts } = pending;
    const outcome =
      ended.status === "FAILED" && attempts !== undefined
        ? afterFailure({ id: ended.id, attempts, error: ended.error }, this.#options)
        : ended;
    this.#options.metrics.sends.inc({ outcome: outcome.status });
    this.#options
      .commit(outcome)
      .then((message) => messageSchema.parse(message))
      .then(pending.settled.resolve, pending.settled.reject);
  }
}

function outcomeOf(id: string, errorCode: string | undefined): OutcomeItem {
  if (errorCode === undefined) return { kind: "outcome", id, status: "SENT" };
  return {
    kind: "outcome",
    id,
    status: "FAILED",
    error: {
      code: "message_rejected",
      message: `WhatsApp refused the message (error ${errorCode}).`,
    },
  };
}
