import type { MiddlewareHandler } from "hono";
import { ApiError } from "../../shared/errors.ts";
import { fileNotFound } from "../file/file-store.ts";
import type { AppEnv, Caller } from "../http/app-env.ts";
import { sessionNotFound } from "../locate/session.ts";
import { scopeOf } from "./scope.ts";

/** Refuses what the caller's key has no scope for, and hides sessions that it is not bound to. */
export const requireScope: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { method, path } = c.req;
  const caller = c.get("caller");
  const scope = scopeOf({ method, path });
  if (!caller.scopes.includes(scope)) {
    throw new ApiError(
      "forbidden",
      `This API key has no scope "${scope}", which this request needs. Use a key that has it, or make one with POST /tenant/keys.`,
    );
  }
  if (caller.sessionIds !== null) rejectOtherSessions(caller, caller.sessionIds, path);
  await next();
};

/** What a bound key may call of /tenant; the handlers narrow it to the sessions of the key. */
const narrowed = new Set(["sessions", "messages", "events/stream"]);

function rejectOtherSessions(
  { tenantId }: Caller,
  sessionIds: readonly string[],
  path: string,
): void {
  const [, root = "", ...rest] = path.split("/");
  const sessionId = decode(rest[0] ?? "");
  if (root === "tenant") {
    if (!narrowed.has(rest.join("/"))) throw boundError(sessionIds);
  } else if (!sessionIds.includes(sessionId)) {
    throw root === "files" ? fileNotFound() : sessionNotFound({ tenantId, sessionId });
  }
}

/** @throws ApiError when the key is bound to other sessions */
export function rejectUnboundSession({ sessionIds }: Caller, sessionId: string): void {
  if (sessionIds !== null && !sessionIds.includes(sessionId)) throw boundError(sessionIds);
}

function boundError(sessionIds: readonly string[]): ApiError {
  return new ApiError(
    "forbidden",
    `This API key is bound to ${sessionIds.length === 1 ? "the session" : "the sessions"} ${sessionIds.join(", ")}, and this request concerns more. Use a key that is not bound.`,
  );
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
