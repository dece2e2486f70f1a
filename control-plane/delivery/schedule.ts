/** Delays after the first, second and third failure. A fourth failure is final. */
const retryDelaysMs = [5_000, 30_000, 300_000];
/** Spreads the retries of deliveries that failed together: each delay varies by up to 15 %. */
const jitter = 0.15;

export type DeliveryState =
  | { status: "delivered" }
  | { status: "pending"; retryInMs: number }
  | { status: "dead" };

/** With this status an endpoint says that it is gone for good (RFC 9110, section 15.5.11). */
export const goneStatus = 410;

/** The state of a delivery after an attempt; attempts are numbered from 1. */
export function nextState(
  attempt: { number: number; succeeded: boolean; statusCode: number | null },
  random: () => number,
): DeliveryState {
  if (attempt.succeeded) return { status: "delivered" };
  if (attempt.statusCode === goneStatus) return { status: "dead" };
  const delayMs = retryDelaysMs[attempt.number - 1];
  if (delayMs === undefined) return { status: "dead" };
  return { status: "pending", retryInMs: Math.round(delayMs * (1 + jitter * (2 * random() - 1))) };
}
