import type { IncomingMessage } from "node:http";
import { type Context, Hono } from "hono";
import { type Command, commandSchema } from "../../shared/command.ts";
import { type CommandToken, isIssuedFor } from "../../shared/command-token.ts";
import type { NodeBindings } from "../http/node-bindings.ts";
import type { Log } from "../log/log.ts";
import type { Session } from "../session/session.ts";
import { answerError, failed } from "./answer-error.ts";
import type { Authorize } from "./authorize.ts";
import { readBody } from "./read-body.ts";
import { type CommandServices, NotOwner, runCommand } from "./run.ts";

/** More than the longest text, or the preview of a picture, can make of a command. */
const bodyLimits = { maxBytes: 1_000_000, timeoutMs: 10_000 };

export interface CommandRouteOptions extends CommandServices {
  authorize: Authorize;
  log: Log;
  /** False while the connector shuts down. */
  isAccepting: () => boolean;
}

/** `POST /commands`: how the control plane commands the owner of a session. */
export function commandRoute(options: CommandRouteOptions): {
  app: Hono<NodeBindings>;
  /** How many commands are running. */
  running: () => number;
} {
  const app = new Hono<NodeBindings>();
  let running = 0;
  app.post("/commands", async (c) => {
    const token = await options.authorize(c, c.req.path);
    if (token === undefined) return unauthorized(c);
    if (!options.isAccepting()) return shuttingDown(c);
    running += 1;
    try {
      ownedSession(token, options);
      const command = await readCommand(c.env.incoming, token);
      if (command === "unauthorized") return unauthorized(c);
      if (command === undefined) {
        return failed(
          c,
          "invalid_request",
          "The body is not a command that this connector knows. Deploy the control plane and the connector in the same version.",
        );
      }
      return c.json(await runCommand(command, ownedSession(token, options), options.sender));
    } catch (error) {
      return answerError(c, error, options.log);
    } finally {
      running -= 1;
    }
  });
  return { app, running: () => running };
}

export function unauthorized(c: Context): Response {
  return failed(
    c,
    "unauthorized",
    "The command token is missing, was used before, or is not valid for this request. Sign a new one for each request.",
  );
}

export function shuttingDown(c: Context): Response {
  return failed(
    c,
    "session_unavailable",
    "This connector is shutting down. Try again in a few seconds.",
  );
}

/** Under another epoch the command was meant for another owner, or for this one at another time. */
function ownedSession({ session }: CommandToken, { findSession }: CommandServices): Session {
  const found = session === undefined ? undefined : findSession(session.uid);
  if (found?.epoch === session?.epoch && found !== undefined) return found;
  throw new NotOwner("This connector does not own the session under this epoch.");
}

/** Undefined when the body is no command. */
async function readCommand(
  incoming: IncomingMessage,
  token: CommandToken,
): Promise<Command | "unauthorized" | undefined> {
  const body = await readBody(incoming, bodyLimits);
  if (!(await isIssuedFor(token, body))) return "unauthorized";
  const command = commandSchema.safeParse(parseJson(body.toString("utf8"))).data;
  if (command !== undefined && command.session_uid !== token.session?.uid) return "unauthorized";
  return command;
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
