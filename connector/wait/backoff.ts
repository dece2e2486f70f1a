export interface BackoffLimits {
  baseMs: number;
  capMs: number;
}

/**
 * How long to wait before retry `attempt`, counted from 0: doubles up to the cap, with jitter between
 * half and all of it, so that clients that failed together do not retry together.
 */
export function backoffMs(
  attempt: number,
  { baseMs, capMs }: BackoffLimits,
  random: () => number,
): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling * (0.5 + random() / 2));
}
