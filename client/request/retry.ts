import { ApiError, ConnectionError } from "../errors.ts";

const firstDelayMs = 500;
const maxDelayMs = 8_000;

/** Whether the same request may be carried out twice without a second effect. */
export interface Attempted {
  isRepeatable: boolean;
  /** How many attempts were made. */
  attempts: number;
}

/**
 * After how many milliseconds to repeat a request that failed so; undefined: not at all. 429 was
 * refused before it had an effect, so it is repeated whatever the request.
 */
export function retryDelayMs(
  error: unknown,
  { isRepeatable, attempts }: Attempted,
  random: () => number,
): number | undefined {
  if (!mayRepeat(error, isRepeatable)) return undefined;
  const asked = error instanceof ApiError ? error.retryAfterSeconds : undefined;
  // Half of the delay is random, so that clients which failed together do not return together.
  const backoffMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (attempts - 1));
  const jittered = backoffMs / 2 + random() * (backoffMs / 2);
  return asked === undefined ? jittered : asked * 1_000 + random() * firstDelayMs;
}

function mayRepeat(error: unknown, isRepeatable: boolean): boolean {
  if (error instanceof ConnectionError) return isRepeatable;
  if (!(error instanceof ApiError)) return false;
  if (error.status === 429) return true;
  return isRepeatable && [502, 503, 504].includes(error.status);
}

/** Seconds of a Retry-After header, which holds a number or a date. */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  const seconds = /^\d+$/.test(header.trim())
    ? Number(header)
    : (Date.parse(header) - nowMs) / 1_000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}
