import { ApiError, ConnectionError } from "../../client/index.ts";
import { exitCodes } from "./exit-codes.ts";

/** A mistake of the user or of the surroundings: one line, then an exit code. */
export class CliError extends Error {
  override name = "CliError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.failed, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
  }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode;
  if (error instanceof ConnectionError) return exitCodes.unavailable;
  if (!(error instanceof ApiError)) return exitCodes.failed;
  if (error.status === 401 || error.status === 403) return exitCodes.unauthorized;
  if (error.status === 404) return exitCodes.notFound;
  if (error.status === 429 || error.status >= 500) return exitCodes.unavailable;
  return exitCodes.refused;
}

/** The error as `--json` shows it. */
export function errorJson(error: unknown) {
  const message = messageOf(error);
  if (!(error instanceof ApiError)) return { error: { code: codeOf(error), message } };
  const { code, status, requestId, errors } = error;
  return { error: { code, message, status, request_id: requestId, errors } };
}

function codeOf(error: unknown): string {
  return error instanceof ConnectionError ? "unreachable" : "failed";
}

/** What is wrong and what to do, with the fields that the API refused. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) {
    const fields = error.errors.map(({ field, detail }) => `\n  ${field}: ${detail}`).join("");
    return `${error.message}${fields}`;
  }
  if (error instanceof ConnectionError) {
    const cause = error.cause instanceof Error ? rootCause(error.cause).message : "";
    return cause === "" ? error.message : `${error.message} (${cause})`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** fetch says only "fetch failed"; its causes say why. */
function rootCause(error: Error): Error {
  return error.cause instanceof Error ? rootCause(error.cause) : error;
}
