import type { KeyObject } from "node:crypto";
import { type Context, Hono } from "hono";
import { type CommandFailure, commandSchema, notOwnerCode } from "../../shared/command.ts";
import { verifyCommandToken } from "../../shared/command-token.ts";
import { ApiError, type ErrorCode, errorKinds } from "../../shared/errors.ts";
import { DatabaseError } from "../database/database.ts";
import type { Log } from "../log/log.ts";
import { MaybeWritten, NotWritten } from "../write/write.ts";
import { type CommandServices, NotOwner, runCommand } from "./run.ts";

export interface CommandRouteOptions extends CommandServices {
  publicKey: KeyObject;
  log: Log;
  /** False while the connector shuts down. */
  isAccepting: () => boolean;
}

/** `POST /commands`: how the control plane commands the owner of a session. */
export function commandRoute(options: CommandRouteOptions): {
  app: Hono;
  /** How many commands are running. */
  running: () => number;
} {
  const app = new Hono();
  let running = 0;
  app.post("/commands", async (c) => {
    const body = await c.req.text();
    if (!(await isAllowed(c, body, options))) {
      return failed(
        c,
        "unauthorized",
        "The command token is missing or not valid for this request.",
      );
    }
    const command = commandSchema.safeParse(parseJson(body));
    if (!command.success) {
      return failed(
        c,
        "invalid_request",
        "The body is not a command that this connector knows. Deploy the control plane and the connector in the same version.",
      );
    }
    if (!options.isAccepting()) {
      return failed(
        c,
        "session_unavailable",
        "This connector is shutting down. Try again in a few seconds.",
      );
    }
    running += 1;
    try {
      return c.json(await runCommand(command.data, options));
    } catch (error) {
      return answerError(c, error, options.log);
    } finally {
      running -= 1;
    }
  });
  return { app, running: () => running };
}

async function isAllowed(
  c: Context,
  body: string,
  { publicKey, log }: CommandRouteOptions,
): Promise<boolean> {
  const token = /^Bearer (\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
  if (token === undefined) return false;
  try {
    await verifyCommandToken(publicKey, token, { method: c.req.method, path: c.req.path, body });
    return true;
  } catch (error) {
    log.warn({ event: "command_refused", err: error }, "a command token was refused");
    return false;
  }
}

function answerError(c: Context, error: unknown, log: Log): Response {
  if (error instanceof ApiError) return failed(c, error.code, error.message);
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

function failed(c: Context, code: ErrorCode, detail: string): Response {
  const answer: CommandFailure = { code, detail };
  return c.json(answer, errorKinds[code].status);
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
