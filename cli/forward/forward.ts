import { signWebhook, type WhatsAppEvent } from "../../client/index.ts";

/** Of one attempt, as the API gives an endpoint. */
const timeoutMs = 10_000;
/** The waits between attempts: enough for a server that restarts on a change of its code. */
const retryDelaysMs = [250, 1_000, 2_000];

/** An event as it is posted; a test event has a type of its own. */
export type ForwardedEvent = Pick<WhatsAppEvent, "id" | "seq"> & { type: string };

export interface Forwarded {
  /** Null when nothing answered. */
  status: number | null;
  error: string | null;
  attempts: number;
  duration_ms: number;
}

export interface Target {
  url: string;
  secret: string;
  signal?: AbortSignal | undefined;
  retryDelaysMs?: readonly number[];
}

/** Posts an event as the API posts webhooks, with a few retries. Rejects only when aborted. */
export async function forward(event: ForwardedEvent, target: Target): Promise<Forwarded> {
  const payload = JSON.stringify(event);
  const startedAt = performance.now();
  const delays = target.retryDelaysMs ?? retryDelaysMs;
  for (let attempt = 1; ; attempt++) {
    target.signal?.throwIfAborted();
    const outcome = await post(payload, { event, attempt, ...target });
    const delayMs = delays[attempt - 1];
    if (outcome.error === null || delayMs === undefined) {
      const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
      return { ...outcome, attempts: attempt, duration_ms: durationMs };
    }
    await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
}

async function post(
  payload: string,
  about: { event: ForwardedEvent; attempt: number } & Target,
): Promise<{ status: number | null; error: string | null }> {
  const { event, attempt, url, secret, signal } = about;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const { id, type } = event;
    const response = await fetch(url, {
      method: "POST",
      body: payload,
      headers: await signWebhook({ payload, id, type, secret, attempt }),
      redirect: "manual",
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    await response.body?.cancel();
    return {
      status: response.status,
      error: response.ok ? null : `answered ${response.status}`,
    };
  } catch (error) {
    signal?.throwIfAborted();
    if (timeout.aborted) return { status: null, error: `no answer within ${timeoutMs / 1000} s` };
    return { status: null, error: causeOf(error) };
  }
}

/** fetch says only "fetch failed"; the cause says why. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return causeOf(error.cause);
  const code = "code" in error ? String(error.code) : "";
  return error.message === "" ? code : error.message;
}

/** A URL to post to. @throws TypeError */
export function parseTarget(url: string): string {
  const full = /^https?:\/\//.test(url) ? url : `http://${url}`;
  if (!URL.canParse(full)) {
    throw new TypeError(`${JSON.stringify(url)} is not a URL like http://localhost:4000/webhooks`);
  }
  return new URL(full).href;
}
