import type { ClaimedDelivery, DeliveryResult } from "../../shared/database.ts";
import { urlProblem } from "./check-url.ts";
import { nextState } from "./schedule.ts";
import { deliveryHeaders } from "./sign.ts";

const timeoutMs = 12_000;

interface Attempt {
  statusCode: number | null;
  error: string | null;
}

export interface DeliveryDeps {
  fetch: typeof fetch;
  now: () => number;
  random: () => number;
  allowPrivateUrls: boolean;
}

/** Makes one attempt and returns the new state of the delivery. Never throws. */
export async function deliver(
  delivery: ClaimedDelivery,
  deps: DeliveryDeps,
): Promise<DeliveryResult> {
  const { statusCode, error } = await attempt(delivery, deps);
  const state = nextState({ number: delivery.attempt, succeeded: error === null }, deps.random);
  return {
    id: delivery.id,
    attempt: delivery.attempt,
    status: state.status,
    status_code: statusCode,
    error,
    next_attempt_at:
      state.status === "pending" ? new Date(deps.now() + state.retryInMs).toISOString() : null,
  };
}

async function attempt(delivery: ClaimedDelivery, deps: DeliveryDeps): Promise<Attempt> {
  // Checked on every attempt, because plain SQL can change the URL.
  const problem = urlProblem(delivery.url, deps.allowPrivateUrls);
  if (problem !== undefined) return { statusCode: null, error: `The URL ${problem}` };
  const body = JSON.stringify(delivery.event);
  // workerd rejects a fetch that is called as a method of another object.
  const send = deps.fetch;
  try {
    const response = await send(delivery.url, {
      method: "POST",
      body,
      headers: await deliveryHeaders({
        eventId: delivery.event.id,
        eventType: delivery.event.type,
        attempt: delivery.attempt,
        body,
        secret: delivery.secret,
        sentAt: new Date(deps.now()),
      }),
      // A redirect could lead to an address that the URL check rejects.
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    return {
      statusCode: response.status,
      error: response.ok ? null : `The endpoint responded with ${response.status}`,
    };
  } catch (error) {
    const timedOut = error instanceof Error && error.name === "TimeoutError";
    return {
      statusCode: null,
      error: timedOut
        ? `The endpoint did not respond within ${timeoutMs / 1000} s`
        : "The connection failed",
    };
  }
}
