const jitterShare = 0.1;

/** The distance between two messages of a session: at least the configured one, plus jitter. */
export function intervalMs(sendIntervalMs: number, random: () => number): number {
  return Math.round(sendIntervalMs * (1 + random() * jitterShare));
}

/** When the queue has to be read next if nothing is added to it. */
export function untilNextPoll(dueInMs: readonly number[], pollMs: number): number {
  return Math.min(pollMs, ...dueInMs);
}
