const firstDelayMs = 25;
const maxDelayMs = 500;

/**
 * Reads repeatedly, with a growing delay, until `until` accepts the value or `timeoutMs` is over.
 * Returns the last value, accepted or not.
 */
export async function poll<T>(
  clock: { now: () => number; sleep: (ms: number) => Promise<void> },
  options: { timeoutMs: number; read: () => Promise<T>; until: (value: T) => boolean },
): Promise<T> {
  const deadline = clock.now() + options.timeoutMs;
  let delayMs = firstDelayMs;
  for (;;) {
    const value = await options.read();
    if (options.until(value) || clock.now() + delayMs > deadline) return value;
    await clock.sleep(delayMs);
    delayMs = Math.min(delayMs * 1.5, maxDelayMs);
  }
}
