const jitterShare = 0.1;
/** How much of the interval remains at least while a late session catches up. */
const leastShare = 0.5;

/** The distance to the next message of a session: the interval on average, with jitter around it. */
export function jitteredMs(intervalMs: number, random: () => number): number {
  return Math.round(intervalMs * (1 + (2 * random() - 1) * jitterShare));
}

/**
 * By how much the moment at which a session is due moves when it sends. It is counted from when it
 * was due, not from when it sends, so that small delays do not add up. A session that is late by a
 * whole interval or more, because its queue was empty or it was disconnected, starts anew.
 */
export function advanceMs({ lateMs, pauseMs }: { lateMs: number; pauseMs: number }): number {
  if (lateMs >= pauseMs) return lateMs + pauseMs;
  return Math.max(pauseMs, Math.round(lateMs + pauseMs * leastShare));
}

/** When the queue has to be read next if nothing is added to it. */
export function untilNextPoll(dueInMs: readonly number[], pollMs: number): number {
  return Math.min(pollMs, ...dueInMs);
}
