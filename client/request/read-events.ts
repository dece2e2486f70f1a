import { ApiError, ConnectionError, TimeoutError, WhatsAppError } from "../errors.ts";
import type { WhatsAppEvent } from "../types.generated.ts";
import { toApiError } from "./answer.ts";
import type { StreamOptions } from "./options.ts";
import { reasonOf, wait } from "./wait.ts";
import { type StreamMessage, StreamParser, TooLongError } from "./parse-stream.ts";

const defaultRetryMs = 1_000;
const maxRetryMs = 15_000;
const connectTimeoutMs = 30_000;
/** A connection that lasted this long was a good one, also without an event. */
const stableAfterMs = 5_000;

type Connect = (lastEventId: string | undefined, signal: AbortSignal) => Promise<Response>;

/** Where a stream is: the last event's id, kept over its connections. */
interface Position {
  lastEventId: string | undefined;
  retryMs: number;
  /** Connections in a row that gave nothing. */
  failures: number;
}

/**
 * The events of a stream, over as many connections as it takes. Each connection resumes after the
 * last event that was handed out, so that none is missing and none comes twice.
 */
export async function* readEvents(
  connect: Connect,
  options: StreamOptions & { random: () => number },
): AsyncGenerator<WhatsAppEvent, void, undefined> {
  const { signal, maxRetries = Number.POSITIVE_INFINITY } = options;
  const position: Position = {
    lastEventId: options.lastEventId === undefined ? undefined : String(options.lastEventId),
    retryMs: defaultRetryMs,
    failures: 0,
  };
  for (;;) {
    let dropped: unknown;
    const startedAt = Date.now();
    try {
      yield* readConnection(connect, position, options);
      dropped = new ConnectionError("The stream ended");
    } catch (error) {
      if (signal?.aborted === true) throw reasonOf(signal);
      if (!isTemporary(error)) throw error;
      dropped = error;
    }
    if (Date.now() - startedAt > stableAfterMs) position.failures = 0;
    position.failures += 1;
    if (position.failures > maxRetries) throw dropped;
    options.onDrop?.(dropped);
    await wait(delayMs(dropped, position, options.random), signal);
  }
}

/** The first repetition comes at once: most connections end because a server is replaced. */
function delayMs(error: unknown, { failures, retryMs }: Position, random: () => number): number {
  const asked = error instanceof ApiError ? error.retryAfterSeconds : undefined;
  if (asked !== undefined) return asked * 1_000 + random() * retryMs;
  if (failures === 1) return random() * 100;
  const backoffMs = Math.min(maxRetryMs, retryMs * 2 ** (failures - 2));
  return backoffMs / 2 + random() * (backoffMs / 2);
}

/** A refusal (401, 404, 422) would be the same again; so would an event that is too long. */
function isTemporary(error: unknown): boolean {
  if (error instanceof ApiError) return error.status === 429 || error.status >= 500;
  return error instanceof ConnectionError;
}

async function* readConnection(
  connect: Connect,
  position: Position,
  options: StreamOptions,
): AsyncGenerator<WhatsAppEvent, void, undefined> {
  const { signal, idleTimeoutMs = 45_000, maxEventLength = 16_777_216 } = options;
  const aborter = new AbortController();
  const abort = () => aborter.abort();
  if (signal?.aborted === true) throw reasonOf(signal);
  signal?.addEventListener("abort", abort, { once: true });
  const idle = idleTimer(aborter, idleTimeoutMs);
  try {
    idle.restart(connectTimeoutMs);
    const response = await connect(position.lastEventId, aborter.signal).catch((error: unknown) =>
      idle.rethrow(error),
    );
    if (!response.ok) throw await toApiError(response, Date.now());
    if (response.body === null || !isEventStream(response)) {
      throw new WhatsAppError(
        "The answer is not an event stream. Check that baseUrl is the API's.",
      );
    }
    const reader = response.body.getReader();
    const parser = new StreamParser(maxEventLength);
    const decoder = new TextDecoder();
    let isOpen = false;
    try {
      for (;;) {
        idle.restart(idleTimeoutMs);
        const { value, done } = await reader.read().catch((error: unknown) => idle.rethrow(error));
        idle.stop(); // The time that the caller takes for an event is not the server's silence.
        if (done) return;
        const messages = parser.feed(decoder.decode(value, { stream: true }));
        for (const message of messages) {
          const event = take(message, position);
          if (!isOpen) {
            isOpen = true;
            options.onOpen?.(position.lastEventId);
          }
          if (event === undefined) continue;
          yield event;
          position.lastEventId = message.id ?? position.lastEventId;
        }
      }
    } finally {
      await reader.cancel().catch(() => {}); // It is over, whatever the connection says.
    }
  } catch (error) {
    if (error instanceof TooLongError) {
      throw new WhatsAppError(`${error.message}. Raise maxEventLength.`, { cause: error });
    }
    throw error;
  } finally {
    idle.stop();
    signal?.removeEventListener("abort", abort);
    aborter.abort();
  }
}

/** The event of a message, or undefined: a position without an event, or one that was there already. */
function take(message: StreamMessage, position: Position): WhatsAppEvent | undefined {
  if (message.retryMs !== undefined) position.retryMs = Math.min(maxRetryMs, message.retryMs);
  if (message.data === undefined) {
    // The API says at which event a new stream starts, so that a drop before the first loses none.
    position.lastEventId = message.id ?? position.lastEventId;
    return undefined;
  }
  if (isSeen(message.id, position.lastEventId)) return undefined;
  position.failures = 0;
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return JSON.parse(message.data) as WhatsAppEvent; // The API keeps to its OpenAPI document.
  } catch (cause) {
    throw new ConnectionError("The stream has an event that is not JSON", { cause });
  }
}

function isSeen(id: string | undefined, lastEventId: string | undefined): boolean {
  if (id === undefined || lastEventId === undefined) return false;
  return Number(id) <= Number(lastEventId);
}

function isEventStream({ headers }: Response): boolean {
  return headers.get("content-type")?.startsWith("text/event-stream") === true;
}

/** Aborts a connection on which nothing comes, as a half-open one. */
function idleTimer(aborter: AbortController, idleTimeoutMs: number) {
  const timeout = new TimeoutError(`Nothing came on the stream for ${idleTimeoutMs} ms`);
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    restart(ms: number) {
      clearTimeout(timer);
      timer = setTimeout(() => aborter.abort(timeout), ms);
    },
    stop() {
      clearTimeout(timer);
    },
    rethrow(error: unknown): never {
      if (aborter.signal.reason === timeout) throw timeout;
      throw new ConnectionError("The stream broke, or cannot be opened", { cause: error });
    },
  };
}
