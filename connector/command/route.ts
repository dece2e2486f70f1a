import type { KeyObject } from "node:crypto";
import { Hono } from "hono";
import { commandSchema } from "../../shared/command.ts";
import type { Log } from "../log/log.ts";
import { answerError, failed } from "./answer-error.ts";
import { isAllowed } from "./authorize.ts";
import { type CommandServices, runCommand } from "./run.ts";

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
    if (!(await isAllowed(c, { path: c.req.path, body }, options))) {
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

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
