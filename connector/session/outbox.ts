import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { InFlightMessage } from "../../shared/database.ts";
import { ApiError } from "../../shared/errors.ts";
import type { Media } from "../../shared/media.ts";
import { type Message, messageSchema } from "../../shared/message.ts";
import type { Log } from "../log/log.ts";
import type { Metrics } from "../http/metrics.ts";
import { withTimeout } from "../wait/with-timeout.ts";
import { MediaMissing } from "../media/store/media-store.ts";
import { backoffMs } from "../wait/backoff.ts";
import { isConnectionFailure } from "../whatsapp/close-reason.ts";
import type { WhatsAppConnection } from "../whatsapp/connection.ts";
import { needsUpload } from "../whatsapp/outgoing-media.ts";
import {
  type DequeueItem,
  type Item,
  NotWritten,
  type OutcomeItem,
  resendResultSchema,
  type SendItem,
  type SendResult,
  sendResultSchema,
} from "../write/write.ts";
import { afterSendEvent, type RetryLimits, type SendEvent, type Tries } from "./send-policy.ts";

export interface OutboxOptions extends RetryLimits {
  commit: (item: Item) => Promise<unknown>;
  loadInFlight: () => Promise<InFlightMessage[]>;
  /** The connection that messages can be sent on now. */
  openConnection: () => WhatsAppConnection | undefined;
  /** Runs an upload to WhatsApp when there is a slot for the tenant. */
  whenSlotIsFree: <Result>(upload: () => Promise<Result>) => Promise<Result>;
  /** Opens the stored file of a message. */
  openFile: (media: Media) => Promise<Readable>;
  /** Of a queued message whose session and tenant do not say it. */
  maxRetries: number;
  ackTimeoutMs: number;
  metrics: Metrics;
  log: Log;
}

const loadRetryMs = 1000;
/** A message is sent at most six times in all. */
const maxResends = 5;
/** Resends counted in one commit. Small: one that is counted but not made is lost when the
 * connection closes. */
const resendBatch = 20;
const maxUploadRetries = 3;
const uploadRetry = { baseMs: 500, capMs: 5000 };

class UploadFailed extends Error {
  override readonly name = "UploadFailed";
}

/** A message between its intent and WhatsApp's ack. */
interface PendingSend {
  id: string;
  connection: WhatsAppConnection;
  /** Undefined unless it came from the queue. */
  queued: Tries | undefined;
  sentAt: number;
  /** Undefined when the session ends before the outcome is known. */
  settled: PromiseWithResolvers<Message | undefined>;
}

/** The WhatsApp id of a message, derived from ours: sending it again is the same message. */
export function waMessageIdOf(id: string): string {
  const digest = createHash("sha256").update(id).digest("hex");
  return `3EB0${digest.slice(0, 18).toUpperCase()}`;
}

function triesOf(intent: SendItem | DequeueItem): Tries | undefined {
  if (intent.kind !== "dequeue") return undefined;
  return { attempts: intent.attempts, maxRetries: intent.max_retries };
}

/** The outgoing messages of one session that WhatsApp has not acked. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #pendingSends = new Map<string, PendingSend>();
  #resuming = 0;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Whether messages that a lost connection left open are still being resent. */
  get isResuming(): boolean {
    return this.#resuming > 0;
  }

  /**
   * Resolves with the outcome, or with the message as SENDING when no ack comes in time. A probable
   * repeat is encrypted only when `begin_send` took it for a new message: encrypting one that is
   * never sent would move the ratchet, and recipients accept no more than 2,000 skipped steps.
   */
  async send(
    connection: WhatsAppConnection,
    to: string,
    intent: SendItem | DequeueItem,
    { isRepeat = false }: { isRepeat?: boolean } = {},
  ): Promise<{ message: Message; replayed: boolean }> {
    // After its connection closed, the session may have another account.
    if (connection.isClosed || this.#closed) throw new NotWritten("the connection was closed");
    const stored = this.#storeIntent(intent);
    const pending = this.#track(connection, { ...intent, queued: triesOf(intent) });
    const intentCommitted = stored.then((result) => {
      if (result.outcome !== "created") throw new NotWritten(result.outcome);
    });
    void this.#transmit(pending, { to, ...intent, intentCommitted, isRepeat }); // never rejects

    const result = await stored.catch((error: unknown) => {
      this.#pendingSends.delete(intent.wa_message_id);
      throw error;
    });
    if (result.outcome === "created") {
      return { message: await this.#settled(pending, result.message), replayed: false };
    }
    this.#pendingSends.delete(intent.wa_message_id);
    if (result.outcome === "replayed") {
      const first = this.#pendingSends.get(result.message.wa_message_id ?? "");
      return { message: await this.#settled(first, result.message), replayed: true };
    }
    if (result.outcome === "gone") throw new NotWritten("the message is not queued any more");
    if (result.outcome === "not_linked") {
      throw new ApiError(
        "session_not_connected",
        "The phone was unlinked. Link it, then send again.",
      );
    }
    throw new ApiError(
      "idempotency_mismatch",
      "This Idempotency-Key was used before with another body. Use a new key for a new message.",
    );
  }

  /** The message with its outcome, or as it is when there is none in time. */
  async #settled(pending: PendingSend | undefined, message: Message): Promise<Message> {
    if (pending === undefined) return message;
    const settled = await withTimeout(pending.settled.promise, this.#options.ackTimeoutMs);
    return settled ?? message;
  }

  /** WhatsApp's ack, which may also come after the caller was answered. */
  acknowledge(waMessageId: string, errorCode: string | undefined): void {
    const pending = this.#pendingSends.get(waMessageId);
    if (pending === undefined) return;
    this.#options.metrics.ackLatency.observe((performance.now() - pending.sentAt) / 1000);
    this.#handle(waMessageId, pending, { kind: "acknowledged", errorCode });
  }

  /** Resends, under the same ids, the messages that WhatsApp never acked. Never rejects. */
  async resume(connection: WhatsAppConnection): Promise<void> {
    this.#resuming += 1;
    try {
      const resent = await this.#resendInFlight(connection);
      // The next message of the queue keeps its distance from these.
      const acks = resent
        .filter((pending) => pending.queued !== undefined)
        .map((pending) =>
          withTimeout(pending.settled.promise, this.#options.ackTimeoutMs).catch(() => undefined),
        );
      await Promise.all(acks);
    } finally {
      this.#resuming -= 1;
    }
  }

  /** Records the outcome of a message that was not sent. */
  async record(outcome: OutcomeItem): Promise<void> {
    this.#options.metrics.sends.inc({ outcome: outcome.status });
    await this.#options.commit(outcome);
  }

  /** Answers the callers of messages that failed with a change of the session. */
  settleFailed(messages: readonly Message[]): void {
    for (const message of messages) {
      this.#options.metrics.sends.inc({ outcome: "FAILED" });
      this.#settle(message.wa_message_id, message);
    }
  }

  /** Answers everybody who waits for an ack: the session ends here, and its next owner resends. */
  close(): void {
    this.#closed = true;
    for (const pending of this.#pendingSends.values()) pending.settled.resolve(undefined);
  }

  /** Resolves to whether WhatsApp acked every message within this time. */
  async settled(timeoutMs: number): Promise<boolean> {
    const acked = [...this.#pendingSends.values()].map(({ settled }) => settled.promise);
    await withTimeout(Promise.allSettled(acked), timeoutMs);
    return this.#pendingSends.size === 0 && !this.isResuming;
  }

  /** Stops waiting for the ack of a message that expired. */
  drop(waMessageId: string): void {
    this.#pendingSends.delete(waMessageId);
  }

  async #resendInFlight(connection: WhatsAppConnection): Promise<PendingSend[]> {
    const resent: PendingSend[] = [];
    const rows = await this.#loadInFlight(connection);
    for (let next = 0; next < rows.length && !connection.isClosed; next += resendBatch) {
      const open = rows
        .slice(next, next + resendBatch)
        .filter((row) => this.#pendingSends.get(row.wa_message_id)?.connection !== connection);
      const allowed = await Promise.all(open.map((row) => this.#mayResend(row)));
      for (const row of open.filter((_, index) => allowed[index])) {
        if (connection.isClosed) break;
        resent.push(await this.#resend(connection, row));
      }
    }
    return resent;
  }

  /** Counts the resend. False when the message has expired, or was sent again too often. */
  async #mayResend(row: InFlightMessage): Promise<boolean> {
    try {
      const { id, resends } = row;
      const item = { kind: "resend", id, resends, max_resends: maxResends } as const;
      const result = resendResultSchema.parse(await this.#options.commit(item));
      if (result.outcome === "created") return true;
      if (result.outcome === "failed") this.settleFailed([result.message]);
      else this.drop(row.wa_message_id);
    } catch (error) {
      const { log } = this.#options;
      log.warn({ event: "resend_failed", id: row.id, err: error }, "could not store a resend");
    }
    return false;
  }

  async #resend(connection: WhatsAppConnection, row: InFlightMessage): Promise<PendingSend> {
    const before = this.#pendingSends.get(row.wa_message_id);
    const maxRetries = row.max_retries ?? this.#options.maxRetries;
    const queued = row.source === "queue" ? { attempts: row.attempts, maxRetries } : undefined;
    const pending = this.#track(connection, { ...row, queued });
    // Its caller may still be waiting.
    if (before !== undefined) pending.settled = before.settled;
    this.#options.log.info({ event: "resend", id: row.id }, "resending after a reconnect");
    const intentCommitted = Promise.resolve();
    await this.#transmit(pending, { to: row.chat_id, ...row, intentCommitted });
    return pending;
  }

  /** Retries for as long as the connection lives. */
  async #loadInFlight(connection: WhatsAppConnection) {
    while (!connection.isClosed) {
      try {
        return await this.#options.loadInFlight();
      } catch (error) {
        this.#options.log.warn({ event: "resume_failed", err: error }, "could not load messages");
        await sleep(loadRetryMs);
      }
    }
    return [];
  }

  async #storeIntent(intent: SendItem | DequeueItem): Promise<SendResult> {
    return sendResultSchema.parse(await this.#options.commit(intent));
  }

  #track(
    connection: WhatsAppConnection,
    message: { id: string; wa_message_id: string; queued: Tries | undefined },
  ): PendingSend {
    const pending = {
      id: message.id,
      connection,
      queued: message.queued,
      sentAt: performance.now(),
      settled: Promise.withResolvers<Message | undefined>(),
    };
    this.#pendingSends.set(message.wa_message_id, pending);
    return pending;
  }

  /** Never rejects: what becomes of a message that could not be sent is decided here. */
  async #transmit(
    pending: PendingSend,
    message: {
      to: string;
      content: string;
      wa_message_id: string;
      media?: Media | null;
      intentCommitted: Promise<unknown>;
      isRepeat?: boolean;
    },
  ): Promise<void> {
    const { to, media, wa_message_id: waMessageId, intentCommitted } = message;
    const { connection } = pending;
    try {
      if (message.isRepeat === true) await intentCommitted;
      let { content } = message;
      if (media && needsUpload(content)) {
        await intentCommitted;
        content = await this.#upload(pending, { content, media });
      }
      pending.sentAt = performance.now();
      await Promise.all([
        connection.send({ to, content, waMessageId, intentCommitted }),
        intentCommitted,
      ]);
    } catch (error) {
      const isIntentStored = await intentCommitted.then(
        () => !(error instanceof NotWritten),
        () => false,
      );
      if (this.#pendingSends.get(waMessageId) !== pending) return;
      const isConnectionLost = connection.isClosed || isConnectionFailure(error);
      if (isIntentStored && !isConnectionLost) {
        this.#options.log.warn({ event: "send_failed", id: pending.id, err: error }, "send failed");
      }
      const isUploadFailed = error instanceof UploadFailed;
      const notSent = {
        kind: "not_sent",
        isIntentStored,
        isConnectionLost,
        isUploadFailed,
      } as const;
      if (this.#handle(waMessageId, pending, notSent) !== "resend") return;
      // A new connection loads the intents when it opens; that may have been just before this one.
      const next = this.#options.openConnection();
      if (next !== undefined && next !== connection) await this.resume(next);
    }
  }

  /** Uploads the file of a message to WhatsApp and stores where it is: the content to send. */
  async #upload(
    { id, connection }: PendingSend,
    { content, media }: { content: string; media: Media },
  ): Promise<string> {
    const { openFile, commit, random, log, whenSlotIsFree } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      try {
        const uploaded = await whenSlotIsFree(async () => {
          if (connection.isClosed) throw new Error("The connection was closed");
          return connection.uploadMedia(content, () => openFile(media));
        });
        await commit({ kind: "upload", id, content: uploaded });
        return uploaded;
      } catch (error) {
        if (error instanceof NotWritten || connection.isClosed) throw error;
        if (error instanceof MediaMissing || attempt === maxUploadRetries) {
          throw new UploadFailed("The file could not be uploaded to WhatsApp", { cause: error });
        }
        log.warn({ event: "upload_failed", id, attempt, err: error }, "could not upload a file");
        await sleep(backoffMs(attempt, uploadRetry, random));
      }
    }
  }

  #handle(
    waMessageId: string,
    pending: PendingSend,
    event: SendEvent,
  ): "finish" | "resend" | "drop" {
    const decision = afterSendEvent(pending, event, this.#options);
    if (decision.kind === "finish") this.#finish(waMessageId, pending, decision.outcome);
    return decision.kind;
  }

  #settle(waMessageId: string | null, message: Message): void {
    const pending = this.#pendingSends.get(waMessageId ?? "");
    this.#pendingSends.delete(waMessageId ?? "");
    pending?.settled.resolve(message);
  }

  #finish(waMessageId: string, pending: PendingSend, outcome: OutcomeItem): void {
    this.#pendingSends.delete(waMessageId);
    this.#options.metrics.sends.inc({ outcome: outcome.status });
    void this.#options
      .commit(outcome)
      .then((message) => messageSchema.parse(message))
      // The message left all the same: its caller must not take it for one that was not sent.
      .catch(() => undefined)
      .then(pending.settled.resolve);
  }
}
