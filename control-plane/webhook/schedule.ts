/** How long to wait after the first, second and third failure; the fourth is the last. */
const retryDelaysMs = [5_000, 30_000, 300_000];
/** Up to this part is added or taken away, so that what failed together is not tried together. */
const jitter = 0.15;

export type Verdict =
  | { status: "delivered" }
  | { status: "pending"; retryInMs: number }
  | { status: "dead" };

/** What becomes of a delivery after its attempt of this number, counted from 1. */
export function decide(
  attempt: { number: number; succeeded: boolean },
  random: () => number,
): Verdict {
  if (attempt.succeeded) return { status: "delivered" };
  const delayMs = retryDelaysMs[attempt.number - 1];
  if (delayMs === undefined) return { status: "dead" };
  return { status: "pending", retryInMs: Math.round(delayMs * (1 + jitter * (2 * random() - 1))) };
}
