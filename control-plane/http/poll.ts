const firstDelayMs = 25;
const maxDelayMs = 500;

/**
 * Reads until the value is as wanted, with a growing delay, for `forMs` at most. Gives the last
 * value read, wanted or not.
 */
export async function poll<T>(
  clock: { now: () => number; sleep: (ms: number) => Promise<void> },
  wanted: { forMs: number; read: () => Promise<T>; until: (value: T) => boolean },
): Promise<T> {
  const deadline = clock.now() + wanted.forMs;
  let delayMs = firstDelayMs;
  for (;;) {
    const value = await wanted.read();
    if (wanted.until(value) || clock.now() + delayMs > deadline) return value;
    await clock.sleep(delayMs);
    delayMs = Math.min(delayMs * 1.5, maxDelayMs);
  }
}
