import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError } from "../../shared/errors.ts";
import { type Message, messageSchema } from "../../shared/message.ts";
import type { Log } from "../log/log.ts";
import type { Metrics } from "../http/metrics.ts";
import { within } from "../retry/within.ts";
import { readCloseReason } from "../whatsapp/close-reason.ts";
import type { Link } from "../whatsapp/link.ts";
import {
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
    { id: string; wa_message_id: string; chat_id: string; content: string }[]
  >;
  /** The link that messages can go out on now. */
  openLink: () => Link | undefined;
  ackTimeoutMs: number;
  metrics: Metrics;
  log: Log;
}

const connectionClosed = 428;
const resumeAgainMs = 1000;

/** A message between its intent and WhatsApp's answer. */
interface Flight {
  id: string;
  link: Link;
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

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#flights.size;
  }

  /** Resolves when WhatsApp took or refused the message, or with it as SENDING after a while. */
  async send(
    link: Link,
    to: string,
    intent: SendItem,
  ): Promise<{ message: Message; replayed: boolean }> {
    const begun = this.#begin(intent);
    const flight = this.#take(link, intent);
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
    for (const row of await this.#inFlight(link)) {
      if (link.isClosed) return;
      const waiting = this.#flights.get(row.wa_message_id);
      if (waiting?.link === link) continue;
      const flight = this.#take(link, row);
      if (waiting !== undefined) flight.settled = waiting.settled;
      this.#options.log.info(
        { event: "send_again", id: row.id },
        "sending again after a reconnect",
      );
      await this.#put(flight, { to: row.chat_id, ...row, mayLeave: Promise.resolve() });
    }
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

  async #begin(intent: SendItem): Promise<SendResult> {
    return sendResultSchema.parse(await this.#options.commit(intent));
  }

  #take(link: Link, { id, wa_message_id }: { id: string; wa_message_id: string }): Flight {
    const flight = {
      id,
      link,
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
      if (link.isClosed || isClosing(error)) {
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

  #settle(waMessageId: string, flight: Flight, outcome: OutcomeItem): void {
    this.#flights.delete(waMessageId);
    this.#options.metrics.sends.inc({ outcome: outcome.status });
    this.#options
      .commit(outcome)
      .then((message) => messageSchema.parse(message))
      .then(flight.settled.resolve, flight.settled.reject);
  }
}

/** A link that is about to say that it closed refuses what comes in between. */
function isClosing(error: unknown): boolean {
  return readCloseReason(error).code === connectionClosed;
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
