/**
 * How many requests an endpoint has in flight while it is healthy. Cloudflare lets an object wait
 * for six responses at a time; the sixth is for the database.
 */
export const maxInFlight = 5;
const firstPauseMs = 2_000;
const maxPauseMs = 300_000;
const jitter = 0.15;

/** How many requests may be in flight after this many failures in a row. */
export function placesAfter(failures: number): number {
  return Math.max(1, maxInFlight - failures);
}

/** Whether the endpoint counts as failing: it has one place, and pauses after each failure. */
export function isFailing(failures: number): boolean {
  return failures >= maxInFlight;
}

/**
 * How long nothing is posted after a failure. A single event that an endpoint rejects delays
 * nobody; as many failures in a row as it has places pause it, twice as long each time.
 */
export function pauseAfter(failures: number, random: () => number): number {
  if (!isFailing(failures)) return 0;
  const pauseMs = Math.min(firstPauseMs * 2 ** (failures - maxInFlight), maxPauseMs);
  return Math.round(pauseMs * (1 + jitter * (2 * random() - 1)));
}
