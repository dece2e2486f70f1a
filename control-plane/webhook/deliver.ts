import type { ClaimedDelivery, DeliveryResult } from "../../shared/database.ts";
import { refusalOf } from "./refuse-private.ts";
import { decide } from "./schedule.ts";
import { deliveryHeaders } from "./sign.ts";

const timeoutMs = 12_000;

interface Attempt {
  statusCode: number | null;
  error: string | null;
}

export interface Outside {
  fetch: typeof fetch;
  now: () => number;
  random: () => number;
  allowPrivateUrls: boolean;
}

/** Makes one attempt, and says what becomes of the delivery. Never throws. */
export async function deliver(
  delivery: ClaimedDelivery,
  outside: Outside,
): Promise<DeliveryResult> {
  const { statusCode, error } = await attempt(delivery, outside);
  const verdict = decide({ number: delivery.attempt, succeeded: error === null }, outside.random);
  return {
    id: delivery.id,
    attempt: delivery.attempt,
    status: verdict.status,
    status_code: statusCode,
    error,
    next_attempt_at:
      verdict.status === "pending"
        ? new Date(outside.now() + verdict.retryInMs).toISOString()
        : null,
  };
}

async function attempt(delivery: ClaimedDelivery, outside: Outside): Promise<Attempt> {
  // Asked again at each attempt: SQL can change the URL too.
  const refusal = refusalOf(delivery.url, outside.allowPrivateUrls);
  if (refusal !== undefined) return { statusCode: null, error: `The URL ${refusal}` };
  const body = JSON.stringify(delivery.event);
  // Called without `this`: workerd refuses its fetch as a method of another object.
  const send = outside.fetch;
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
        sentAt: new Date(outside.now()),
      }),
      // A redirect could lead where the URL itself may not.
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    return {
      statusCode: response.status,
      error: response.ok ? null : `Answered with ${response.status}`,
    };
  } catch (error) {
    const timedOut = error instanceof Error && error.name === "TimeoutError";
    return {
      statusCode: null,
      error: timedOut ? `No answer within ${timeoutMs / 1000} s` : "The connection failed",
    };
  }
}
