import type { AdvanceRequest, AttemptResult, RetryResult } from "../../shared/database.ts";
import { CallRate } from "./call-rate.ts";
import { ChatQueue } from "./chat-queue.ts";
import { isFailing, maxInFlight, pauseAfter, placesAfter } from "./health.ts";
import type { PostedEvent, PostOutcome } from "./post.ts";
import { nextState } from "./schedule.ts";
import type { OpenedProgress } from "./open-secrets.ts";
import { DeliveryWindow, encodeEvent, type LoggedEvent } from "./window.ts";

/** Of one database call. */
const maxEvents = 200;
const maxRetries = 20;
/** Results are stored when nothing is in flight, after this time, or when so many gathered. */
const recordIntervalMs = 50;
const maxResults = 200;
/** Fewer unread events are read when the endpoint is about to have none, and not before. */
const worthwhileRead = 100;
/** For how long an endpoint whose places are all taken needs no notification. */
const busyMs = 500;
/** The same while it reads, or as long as it has been reading when the database is slow. */
const readingMs = 20;
/** The longest quiet time of a paused endpoint: a change by hand may end its pause. */
const maxQuietMs = 2_000;
/** How much of the log a failing endpoint keeps in memory. */
const maxEventsWhenFailing = 5;
/** Retries of a healthy endpoint leave the other places to new events. */
const maxRetriesInFlight = 2;
const callRate = { burst: 8, intervalMs: 100 };
/** How many requests may be in flight before the first success. */
const placesAtFirst = 3;
/** Calls that are left to reads: results can wait for one, and are stored with it. */
const reservedForReads = 4;
/** A notification can arrive before its commit is visible: the read is repeated so often. */
const visibilityDelaysMs = [5, 10, 20, 40, 80, 160];
const firstDatabasePauseMs = 1_000;
const maxDatabasePauseMs = 30_000;

export interface EndpointDeliveryDeps {
  endpointId: string;
  /** Stores results and reads what is next; null when the endpoint was deleted. */
  advance: (request: AdvanceRequest) => Promise<OpenedProgress | null>;
  post: (request: {
    url: string;
    secrets: readonly string[];
    attempt: number;
    event: PostedEvent;
  }) => Promise<PostOutcome>;
  now: () => number;
  random: () => number;
  /** Has `wake()` called at this time, unless the object is evicted before. */
  wakeAt: (time: number) => void;
  log: (event: string, fields: Record<string, unknown>) => void;
}

interface Retry {
  id: string;
  attempt: number;
  event: LoggedEvent;
  isWaiting: boolean;
}

/** The result of a retry whose event is past its retention. */
const eventRemoved = {
  status: "dead",
  retry_in_ms: null,
  status_code: null,
  error: "The event is not stored any more",
  response: null,
  duration_ms: 0,
} as const;

type Settings = Pick<OpenedProgress, "tenant_id" | "url" | "secrets" | "enabled">;

/**
 * Delivers the events of a tenant to one endpoint. The event log is the queue: it reads the events
 * after the endpoint's cursor, posts them, stores the results of many at once, and moves the
 * cursor. Everything it holds can be lost: the database has the cursor and the failed deliveries.
 */
export class EndpointDelivery {
  readonly #deps: EndpointDeliveryDeps;
  readonly #rate = new CallRate(callRate);
  #settings: Settings | undefined;
  #window = new DeliveryWindow<AttemptResult>(0);
  /** Due retries, from when they are read until their result is stored. */
  readonly #retries = new Map<string, Retry>();
  readonly #retryQueue = new ChatQueue<Retry>();
  #retryResults: RetryResult[] = [];
  #retriesInFlight = 0;
  #inFlight = 0;
  /** The highest seq that is known to exist. */
  #latestSeq = 0;
  #nextRetryAt: number | null = null;
  #failures = 0;
  #succeeded = false;
  /** Up to the number of places. */
  #successes = 0;
  #pausedUntil = 0;
  #isCalling = false;
  #mustCall = false;
  #isDeleted = false;
  #notBefore = 0;
  #lastCallAt = 0;
  #databaseFailures = 0;
  #emptyReads = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(deps: EndpointDeliveryDeps) {
    this.#deps = deps;
  }

  /**
   * Events up to this seq exist. Returns for how many milliseconds a further notification would
   * change nothing.
   */
  notify(seq: number): number {
    if (seq > this.#latestSeq) {
      this.#latestSeq = seq;
      this.#emptyReads = 0;
    } else if (this.#inFlight === 0 && !this.#isPaused) {
      // The sweep found something that this object does not know of: a retry that was made due, or
      // a cursor that moved over filtered events, which waits for the next call.
      this.#mustCall = true;
    }
    if (this.#settings?.enabled !== true) this.#mustCall = true;
    this.wake();
    return this.#quietMs();
  }

  #quietMs(): number {
    const now = this.#deps.now();
    return Math.max(
      Math.min(this.#pausedUntil - now, maxQuietMs),
      this.#isBusy ? busyMs : 0,
      this.#isCalling ? Math.max(readingMs, now - this.#lastCallAt) : 0,
      this.#timer === null ? 0 : readingMs,
      this.#rate.delayMs(now),
    );
  }

  /** Somebody changed the endpoint's settings or deliveries: reads them, and tries at once. */
  reload(): void {
    this.#mustCall = true;
    this.#pausedUntil = 0;
    this.wake();
  }

  /** Does what is due. */
  wake(): void {
    if (this.#settings === undefined && !this.#isDeleted) this.#mustCall = true;
    if (this.#pausedUntil > 0 && !this.#isPaused) {
      // The hub passes no notifications on during a pause.
      this.#pausedUntil = 0;
      this.#mustCall = true;
    }
    this.#startPosts();
    this.#schedule();
  }

  get #isPaused(): boolean {
    return this.#deps.now() < this.#pausedUntil;
  }

  /** All places are taken, and more events wait for them. */
  get #isBusy(): boolean {
    return this.#inFlight >= this.#places && this.#window.waiting >= this.#places;
  }

  /**
   * How many requests may be in flight. All places come with the first successes: a hundred new
   * endpoints that hang would otherwise cost five hundred requests at once.
   */
  get #places(): number {
    return Math.min(placesAfter(this.#failures), placesAtFirst + this.#successes);
  }

  get #takesEvents(): boolean {
    return this.#settings?.enabled === true && !this.#isPaused;
  }

  #startPosts(): void {
    const settings = this.#settings;
    if (settings === undefined) return;
    while (this.#takesEvents && this.#inFlight < this.#places) {
      const start = this.#pick();
      if (start === undefined) return;
      void start(settings);
    }
  }

  /** Due retries go first, but leave places to new events while the endpoint is healthy. */
  #pick(): ((settings: Settings) => Promise<void>) | undefined {
    const maxRetriesNow = isFailing(this.#failures) ? 1 : maxRetriesInFlight;
    const retry = this.#retriesInFlight < maxRetriesNow ? this.#retryQueue.next()?.item : undefined;
    if (retry !== undefined) return (settings) => this.#postRetry(retry, settings);
    const event = this.#window.next();
    return event && ((settings) => this.#postEvent(event, settings));
  }

  async #postEvent(event: LoggedEvent, settings: Settings): Promise<void> {
    const window = this.#window;
    const result = await this.#attempt({ attempt: 1, event }, settings);
    window.finish(event.seq, {
      ...result,
      event_seq: event.seq,
      event_id: event.id,
      event_type: event.type,
    });
    this.wake();
  }

  async #postRetry(retry: Retry, settings: Settings): Promise<void> {
    this.#retriesInFlight += 1;
    retry.isWaiting = false;
    const result = await this.#attempt(retry, settings);
    this.#retriesInFlight -= 1;
    this.#retryQueue.done(retry.event.chat);
    this.#retryResults.push({ ...result, id: retry.id, attempt: retry.attempt });
    this.wake();
  }

  async #attempt(
    { attempt, event }: { attempt: number; event: LoggedEvent },
    { tenant_id, url, secrets }: Settings,
  ) {
    this.#inFlight += 1;
    const outcome = await this.#deps.post({ url, secrets, attempt, event });
    this.#inFlight -= 1;
    const { statusCode, error, response, durationMs } = outcome;
    const state = nextState(
      { number: attempt, succeeded: error === null, statusCode },
      this.#deps.random,
    );
    if (state.status === "delivered") this.#noteSuccess();
    else {
      this.#noteFailure();
      this.#deps.log("webhook_failed", {
        tenant_id,
        endpoint_id: this.#deps.endpointId,
        event_id: event.id,
        attempt,
        status: state.status,
        error,
      });
    }
    return {
      status: state.status,
      retry_in_ms: state.status === "pending" ? state.retryInMs : null,
      status_code: statusCode,
      error,
      response,
      duration_ms: durationMs,
    };
  }

  #noteSuccess(): void {
    this.#succeeded = true;
    this.#successes = Math.min(maxInFlight, this.#successes + 1);
    this.#noteRepair();
  }

  #noteRepair(): void {
    this.#failures = 0;
    this.#pausedUntil = 0;
  }

  #noteFailure(): void {
    this.#failures += 1;
    const pauseMs = pauseAfter(this.#failures, this.#deps.random);
    if (pauseMs === 0) return;
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#deps.now() + pauseMs);
    this.#forgetWaiting();
  }

  /** Forgets what is not under way; it is read again when the endpoint takes events. */
  #forgetWaiting(): void {
    this.#window.dropWaiting();
    this.#retryQueue.clear();
    for (const [id, { isWaiting }] of this.#retries) {
      if (!isWaiting) continue;
      this.#retries.delete(id);
      this.#nextRetryAt = this.#deps.now();
    }
  }

  /** Makes the next database call when there is a reason for one, and as soon as the rate allows. */
  #schedule(): void {
    if (this.#isCalling) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    const delayMs = this.#callDelay();
    if (delayMs !== undefined) {
      this.#timer = setTimeout(() => void this.#call(), delayMs);
      return;
    }
    if (this.#inFlight === 0) this.#sleepUntilDue();
  }

  #callDelay(): number | undefined {
    const now = this.#deps.now();
    const results = this.#window.finished().results.length + this.#retryResults.length;
    const mayRead = (this.#takesEvents && this.#wantsEvents()) || this.#wantsRetries(now);
    if (!this.#mustCall && results === 0 && !mayRead) return undefined;
    const reserve = this.#mustCall || mayRead ? 0 : reservedForReads;
    const isUrgent = this.#mustCall || this.#inFlight === 0 || results >= maxResults;
    return Math.max(
      this.#notBefore - now,
      this.#rate.delayMs(now, { reserve }),
      isUrgent ? 0 : this.#lastCallAt + recordIntervalMs - now,
      0,
    );
  }

  #wantsEvents(): boolean {
    const unread = this.#latestSeq - this.#window.readTo;
    if (unread <= 0 || (this.#isBusy && unread < worthwhileRead)) return false;
    return this.#room().events > 0;
  }

  #wantsRetries(now: number): boolean {
    return (
      this.#takesEvents &&
      this.#nextRetryAt !== null &&
      this.#nextRetryAt <= now &&
      this.#retries.size < maxRetries
    );
  }

  /** How many events may be read now. */
  #room(): { events: number; bytes: number } {
    const { freeEvents, freeBytes, waiting } = this.#window;
    if (this.#settings?.enabled === false || this.#isPaused) return { events: 0, bytes: 0 };
    if (isFailing(this.#failures)) {
      return { events: Math.max(0, maxEventsWhenFailing - waiting), bytes: freeBytes };
    }
    if (freeBytes === 0) return { events: 0, bytes: 0 };
    return { events: Math.min(maxEvents, freeEvents), bytes: freeBytes };
  }

  #sleepUntilDue(): void {
    if (this.#settings?.enabled !== true) return;
    const now = this.#deps.now();
    if (this.#pausedUntil > now) this.#deps.wakeAt(this.#pausedUntil);
    else if (this.#nextRetryAt !== null) this.#deps.wakeAt(this.#nextRetryAt);
  }

  async #call(): Promise<void> {
    this.#isCalling = true;
    this.#mustCall = false;
    this.#lastCallAt = this.#deps.now();
    this.#rate.count(this.#lastCallAt);
    try {
      await this.#advance();
      this.#databaseFailures = 0;
    } catch (error) {
      this.#pauseCalls(error);
    } finally {
      this.#isCalling = false;
    }
    this.wake();
  }

  #pauseCalls(error: unknown): void {
    this.#mustCall = true;
    const pauseMs = Math.min(
      firstDatabasePauseMs * 2 ** this.#databaseFailures,
      maxDatabasePauseMs,
    );
    this.#databaseFailures += 1;
    this.#notBefore = this.#deps.now() + pauseMs;
    this.#deps.wakeAt(this.#notBefore);
    this.#deps.log("webhook_database_failed", {
      endpoint_id: this.#deps.endpointId,
      error: error instanceof Error ? error.message : String(error),
    });
  }

  async #advance(): Promise<void> {
    const window = this.#window;
    const { toSeq, results } = window.finished();
    const retryResults = this.#retryResults.slice();
    const succeeded = this.#succeeded;
    const room = this.#room();
    const isFirst = this.#settings === undefined;
    const readAfter = window.readTo;
    const progress = await this.#deps.advance({
      endpoint_id: this.#deps.endpointId,
      from_seq: isFirst ? null : window.cursor,
      to_seq: isFirst ? null : toSeq,
      results,
      retry_results: retryResults,
      failures: this.#failures,
      succeeded,
      read_after: isFirst ? null : readAfter,
      max_events: room.events,
      max_bytes: room.bytes,
      max_retries: this.#isPaused ? 0 : Math.max(0, maxRetries - this.#retries.size),
      known_retries: [...this.#retries.keys()],
    });
    this.#retryResults.splice(0, retryResults.length);
    for (const { id } of retryResults) this.#retries.delete(id);
    if (succeeded) this.#succeeded = false;
    if (progress === null) {
      this.#forget();
      return;
    }
    this.#isDeleted = false;
    this.#applySettings(progress);
    if (isFirst) this.#failures = Math.max(this.#failures, progress.failures);
    if (isFirst || progress.cursor_seq !== toSeq) {
      // The cursor was moved by somebody else: what is in flight stays unrecorded.
      this.#window = new DeliveryWindow(progress.cursor_seq);
      if (isFirst) this.#window.add(progress.events, progress.read_to);
    } else {
      window.recorded(toSeq);
      // Otherwise the events before these were forgotten meanwhile, and come first.
      if (window.readTo === readAfter) window.add(progress.events, progress.read_to);
    }
    this.#addRetries(progress);
    this.#noteLatest(progress.last_seq);
    if (!progress.enabled) this.#forgetWaiting();
  }

  #applySettings(progress: OpenedProgress): void {
    const isRepaired =
      this.#settings !== undefined &&
      (this.#settings.url !== progress.url || (!this.#settings.enabled && progress.enabled));
    if (isRepaired) this.#noteRepair();
    const { tenant_id, url, secrets, enabled } = progress;
    this.#settings = { tenant_id, url, secrets, enabled };
  }

  #addRetries({ retries, next_retry_at }: OpenedProgress): void {
    for (const { id, attempt, event } of retries) {
      if (this.#retries.has(id)) continue;
      if (event === null) {
        this.#retryResults.push({ ...eventRemoved, id, attempt });
        continue;
      }
      const retry = { id, attempt, event: encodeEvent(event), isWaiting: true };
      this.#retries.set(id, retry);
      this.#retryQueue.add(retry.event.chat, retry);
    }
    this.#nextRetryAt = next_retry_at === null ? null : Date.parse(next_retry_at);
  }

  /** Repeats the read a little later when a notification ran ahead of its commit. */
  #noteLatest(lastSeq: number): void {
    if (lastSeq >= this.#latestSeq) {
      this.#latestSeq = lastSeq;
      this.#emptyReads = 0;
      return;
    }
    const delayMs = visibilityDelaysMs[this.#emptyReads];
    if (delayMs === undefined) {
      this.#latestSeq = lastSeq;
      return;
    }
    this.#emptyReads += 1;
    this.#notBefore = this.#deps.now() + delayMs;
  }

  #forget(): void {
    this.#isDeleted = true;
    this.#settings = undefined;
    this.#window = new DeliveryWindow(0);
    this.#latestSeq = 0;
    this.#nextRetryAt = null;
    this.#retryQueue.clear();
    this.#retries.clear();
  }
}
