/** One event with fields, as one JSON line. Fields are never keys, message bodies or numbers. */
export function logEvent(
  level: "info" | "warn" | "error",
  event: string,
  fields: Record<string, unknown>,
): void {
  console[level](JSON.stringify({ time: new Date().toISOString(), level, event, ...fields }));
}

/** An error with its causes, without what the caller sent. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  const causes: string[] = [];
  for (let cause = error.cause; cause instanceof Error && causes.length < 5; cause = cause.cause) {
    causes.push(cause.message);
  }
  return { error: error.message, causes, stack: error.stack };
}
