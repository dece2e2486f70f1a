/** A result younger than this is returned as it is. */
const freshMs = 1_000;
/** An older one is returned while another request checks again, up to this age. */
const staleMs = 5_000;

/**
 * Limits how often health is checked, because anybody may request it. Results are shared, not
 * promises: on Workers a request may not wait for the I/O of another one.
 */
export function cacheHealth<Health>(
  check: () => Promise<Health>,
  now: () => number,
): () => Promise<Health> {
  let last: { health: Health; at: number } | undefined;
  let checkingSince = -Infinity;
  return async () => {
    const startedAt = now();
    if (last !== undefined) {
      const ageMs = startedAt - last.at;
      const isChecking = startedAt - checkingSince < staleMs;
      if (ageMs < freshMs || (isChecking && ageMs < staleMs)) return last.health;
    }
    checkingSince = startedAt;
    const health = await check();
    last = { health, at: now() };
    checkingSince = -Infinity;
    return health;
  };
}
