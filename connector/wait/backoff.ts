export interface BackoffLimits {
  baseMs: number;
  capMs: number;
}

/**
 * How long to wait before attempt `attempt` (0 is the first): doubles up to the cap, and anything
 * between half and all of that, so that many that failed together do not come back together.
 */
export function backoffMs(
  attempt: number,
  { baseMs, capMs }: BackoffLimits,
  random: () => number,
): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling * (0.5 + random() / 2));
}
