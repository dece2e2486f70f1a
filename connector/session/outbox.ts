import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError } from "../../shared/errors.ts";
import { type Message, messageSchema } from "../../shared/message.ts";
import { afterFailure } from "../drip/pace.ts";
import type { Log } from "../log/log.ts";
import type { Metrics } from "../http/metrics.ts";
import type { BackoffLimits } from "../retry/backoff.ts";
import { within } from "../retry/within.ts";
import { isLineFailure } from "../whatsapp/close-reason.ts";
import type { Link } from "../whatsapp/link.ts";
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
  openLink: () => Link | undefined;
  ackTimeoutMs: number;
  /** For messages of the queue, which are tried again. */
  retry: BackoffLimits;
  random: () => number;
  metrics: Metrics;
  log: Log;
}

const resumeAgainMs = 1000;

/** A message between its intent and WhatsApp's answer. */
interface Flight {
  id: string;
  link: Link;
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
  readonly #flights = new Map<string, Flight>();
  #resuming = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#flights.size;
  }

  /** Whether what a lost link left open is still being sent. */
  get isResuming(): boolean {
    return this.#resuming > 0;
  }

  /** Resolves when WhatsApp took or refused the message, or with it as SENDING after a while. */
  async send(
    link: Link,
    to: string,
    intent: SendItem | DequeueItem,
  ): Promise<{ message: Message; replayed: boolean }> {
    const begun = this.#begin(intent);
    const queuedAttempts = intent.kind === "dequeue" ? intent.attempts : undefined;
    const flight = this.#take(link, { ...intent, queuedAttempts });
    const created = begun.then((result) => {
      if (result.outcome !== "created") throw new NotWritten(result.outcome);
    });
    void this.#put(flight, { to, ...intent, mayLeave: created }); // settles the flight, never rejects

    const result = await begun.catch((error: unknown) => {
      this.#flights.delete(intent.wa_message_id);
      throw error;
    });
    if (result.outcome === "created") {
      const message = await within(flight.settled.promise, this.#options.ackTimeoutMs);
      return { message: message ?? result.message, replayed: false };
    }
    this.#flights.delete(intent.wa_message_id);
    if (result.outcome === "replayed") return { message: result.message, replayed: true };
    if (result.outcome === "gone") throw new NotWritten("the message is not queued any more");
    throw new ApiError(
      "idempotency_mismatch",
      "Use a new Idempotency-Key for another request; this one was used before with another body.",
    );
  }

  /** WhatsApp's answer, which may also come after the caller was answered. */
  acknowledge(waMessageId: string, errorCode: string | undefined): void {
    const flight = this.#flights.get(waMessageId);
    if (flight === undefined) return;
    this.#options.metrics.ackLatency.observe((performance.now() - flight.sentAt) / 1000);
    this.#settle(waMessageId, flight, outcomeOf(flight.id, errorCode));
  }

  /** Sends again, under the same ids, what WhatsApp never answered. Never rejects. */
  async resume(link: Link): Promise<void> {
    this.#resuming += 1;
    try {
      const queued = (await this.#sendAgain(link)).filter(
        (flight) => flight.queuedAttempts !== undefined,
      );
      // The next of the queue keeps its distance from these.
      const answers = queued.map((flight) =>
        within(flight.settled.promise, this.#options.ackTimeoutMs).catch(() => undefined),
      );
      await Promise.all(answers);
    } finally {
      this.#resuming -= 1;
    }
  }

  async #sendAgain(link: Link): Promise<Flight[]> {
    const flights: Flight[] = [];
    for (const row of await this.#inFlight(link)) {
      if (link.isClosed) return [];
      const waiting = this.#flights.get(row.wa_message_id);
      if (waiting?.link === link) continue;
      const queuedAttempts = row.source === "queue" ? row.attempts : undefined;
      const flight = this.#take(link, { ...row, queuedAttempts });
      flights.push(flight);
      if (waiting !== undefined) flight.settled = waiting.settled;
      this.#options.log.info(
        { event: "send_again", id: row.id },
        "sending again after a reconnect",
      );
      await this.#put(flight, { to: row.chat_id, ...row, mayLeave: Promise.resolve() });
    }
    return flights;
  }

  /** However long the database takes to tell, as long as the link lives. */
  async #inFlight(link: Link) {
    while (!link.isClosed) {
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
    link: Link,
    {
      id,
      wa_message_id,
      queuedAttempts,
    }: { id: string; wa_message_id: string; queuedAttempts: number | undefined },
  ): Flight {
    const flight = {
      id,
      link,
      queuedAttempts,
      sentAt: performance.now(),
      settled: Promise.withResolvers<Message>(),
    };
    // Its sender may be gone by then.
    flight.settled.promise.catch(() => undefined);
    this.#flights.set(wa_message_id, flight);
    return flight;
  }

  async #put(
    flight: Flight,
    {
      to,
      content,
      wa_message_id,
      mayLeave,
    }: { to: string; content: string; wa_message_id: string; mayLeave: Promise<unknown> },
  ): Promise<void> {
    const { link } = flight;
    try {
      await Promise.all([
        link.send({ to, content, waMessageId: wa_message_id, mayLeave }),
        mayLeave,
      ]);
    } catch (error) {
      const recorded = await mayLeave.then(
        () => true,
        () => false,
      );
      if (!recorded || error instanceof NotWritten) return;
      if (this.#flights.get(wa_message_id) !== flight) return;
      if (link.isClosed || isLineFailure(error)) {
        // The next link sends what is recorded; it may have looked just before this was.
        const next = this.#options.openLink();
        if (next !== undefined && next !== link) await this.resume(next);
        return;
      }
      this.#options.log.warn({ event: "send_failed", id: flight.id, err: error }, "could not send");
      this.#settle(wa_message_id, flight, {
        kind: "outcome",
        id: flight.id,
        status: "FAILED",
        error: {
          code: "send_failed",
          message: "The message could not be encrypted for its recipient.",
        },
      });
    }
  }

  #settle(waMessageId: string, flight: Flight, ended: OutcomeItem): void {
    this.#flights.delete(waMessageId);
    const { queuedAttempts: attempts } = flight;
    const outcome =
      ended.status === "FAILED" && attempts !== undefined
        ? afterFailure({ id: ended.id, attempts, error: ended.error }, this.#options)
        : ended;
    this.#options.metrics.sends.inc({ outcome: outcome.status });
    this.#options
      .commit(outcome)
      .then((message) => messageSchema.parse(message))
      .then(flight.settled.resolve, flight.settled.reject);
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
