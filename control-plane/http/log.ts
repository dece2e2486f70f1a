/** Logs one event as a JSON line. Fields never contain keys, message texts or phone numbers. */
export function logEvent(
  level: "info" | "warn" | "error",
  event: string,
  fields: Record<string, unknown>,
): void {
  console[level](JSON.stringify({ time: new Date().toISOString(), level, event, ...fields }));
}

/** The message, causes and stack of an error. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  const causes: string[] = [];
  for (let cause = error.cause; cause instanceof Error && causes.length < 5; cause = cause.cause) {
    causes.push(cause.message);
  }
  return { error: error.message, causes, stack: error.stack };
}
