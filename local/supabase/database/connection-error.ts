const codes = /^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|57P0[1-3]|08...|53300)$/;
const messages =
  /^(?:Connection terminated|Client has encountered a connection error|Client was closed)/;

/** Whether the error means that PostgreSQL could not be reached or the connection was lost. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return codes.test(code) || messages.test(error.message);
}
