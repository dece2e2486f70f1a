import { urlProblem } from "./check-url.ts";
import { deliveryHeaders } from "./sign.ts";

/** Of a request, from the connection to the end of the response headers. */
const timeoutMs = 10_000;
/** The body of a response is read no further than this, and no longer. */
const maxResponseBytes = 4_096;
const maxResponseMs = 1_000;
/** How much of the body is kept in the delivery log. */
const loggedCharacters = 200;

/** An unsigned delivery would teach receivers to accept those of anybody. */
const undecryptable =
  "The endpoint's secret cannot be decrypted: WEBHOOK_SECRET_KEY was changed without WEBHOOK_SECRET_KEY_OLD. Set it, or rotate the secret";

/** An event as it is posted: one of the event log, or a test event. */
export interface PostedEvent {
  id: string;
  type: string;
  /** The event as JSON. */
  body: string;
}

export interface PostRequest {
  url: string;
  /** None when they cannot be decrypted. */
  secrets: readonly string[];
  attempt: number;
  event: PostedEvent;
}

export interface PostOutcome {
  statusCode: number | null;
  /** Null when the endpoint accepted the event. */
  error: string | null;
  /** The beginning of the response body. */
  response: string | null;
  durationMs: number;
}

export interface PostDeps {
  fetch: typeof fetch;
  now: () => number;
  allowPrivateUrls: boolean;
}

/** Makes one attempt. Never throws, and ends soon after its timeout whatever the endpoint does. */
export async function post(request: PostRequest, deps: PostDeps): Promise<PostOutcome> {
  const startedAt = deps.now();
  const answer = await attempt(request, deps);
  return { ...answer, durationMs: Math.round(deps.now() - startedAt) };
}

async function attempt(
  request: PostRequest,
  deps: PostDeps,
): Promise<Omit<PostOutcome, "durationMs">> {
  // Checked on every attempt, because plain SQL can change the URL.
  const problem = urlProblem(request.url, deps.allowPrivateUrls);
  if (problem !== undefined) return failure(`The URL ${problem}`);
  if (request.secrets.length === 0) return failure(undecryptable);
  const { id, type, body } = request.event;
  // workerd rejects a fetch that is called as a method of another object.
  const send = deps.fetch;
  const aborter = new AbortController();
  // A timer of its own: one from AbortSignal.timeout() would live on after a quick response.
  const timer = setTimeout(() => aborter.abort(), timeoutMs);
  try {
    const response = await send(request.url, {
      method: "POST",
      body,
      headers: await deliveryHeaders({
        eventId: id,
        eventType: type,
        attempt: request.attempt,
        body,
        secrets: request.secrets,
        sentAt: new Date(deps.now()),
      }),
      // A redirect could lead to an address that the URL check rejects.
      redirect: "manual",
      signal: aborter.signal,
    });
    return {
      statusCode: response.status,
      error: response.ok ? null : `The endpoint responded with ${response.status}`,
      response: await readBeginning(response),
    };
  } catch {
    return failure(
      aborter.signal.aborted
        ? `The endpoint did not respond within ${timeoutMs / 1000} s`
        : "The connection failed",
    );
  } finally {
    clearTimeout(timer);
  }
}

function failure(error: string): Omit<PostOutcome, "durationMs"> {
  return { statusCode: null, error, response: null };
}

/** Reads the beginning of a body and cuts the rest off: it may be endless, or come a byte at a time. */
async function readBeginning(response: Response): Promise<string | null> {
  if (response.body === null) return null;
  const reader = response.body.getReader();
  const cut = () => void reader.cancel().catch(() => {});
  const timer = setTimeout(cut, maxResponseMs);
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (let bytes = 0; bytes < maxResponseBytes;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.byteLength;
      text += decoder.decode(value.subarray(0, maxResponseBytes), { stream: true });
    }
  } catch {
    // The connection broke after the status, which alone decides.
  } finally {
    clearTimeout(timer);
    cut();
  }
  return text === "" ? null : loggable(text);
}

/** Postgres stores neither NUL nor half of a surrogate pair. */
function loggable(text: string): string {
  return text.slice(0, loggedCharacters).toWellFormed().replaceAll("\0", "\ufffd");
}
