import type { Context } from "hono";
import { type CommandFailure, notOwnerCode } from "../../shared/command.ts";
import { ApiError, type ErrorCode, errorKinds, type FieldError } from "../../shared/errors.ts";
import { DatabaseError } from "../database/database.ts";
import type { Log } from "../log/log.ts";
import { MaybeWritten, NotWritten } from "../write/write.ts";
import { NotOwner } from "./run.ts";

export function answerError(c: Context, error: unknown, log: Log): Response {
  if (error instanceof ApiError) return failed(c, error.code, error.message, error.errors);
  if (error instanceof NotOwner) {
    const answer: CommandFailure = { code: notOwnerCode, detail: error.message };
    return c.json(answer, 409);
  }
  if (error instanceof MaybeWritten) {
    return failed(
      c,
      "connector_unavailable",
      "The connector lost the session while it carried the request out, so it may or may not have taken effect. Check before you repeat it; with an Idempotency-Key a send can be repeated safely.",
    );
  }
  if (error instanceof NotWritten) {
    return failed(
      c,
      "session_unavailable",
      "The session is moving to another connector. Try again in a few seconds.",
    );
  }
  log.error({ event: "command_failed", err: error }, "a command failed");
  return error instanceof DatabaseError
    ? failed(c, "database_unavailable", "The database did not respond. Try again in a few seconds.")
    : failed(c, "internal", "The command failed. Try again in a few seconds.");
}

export function failed(
  c: Context,
  code: ErrorCode,
  detail: string,
  errors?: FieldError[],
): Response {
  const answer: CommandFailure = { code, detail, ...(errors === undefined ? {} : { errors }) };
  return c.json(answer, errorKinds[code].status);
}
