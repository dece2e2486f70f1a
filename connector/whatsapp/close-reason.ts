/** Why a connection closed: WhatsApp's close code, and the detail that came with it. */
export interface CloseReason {
  code?: number;
  /** The type or tag of the stanza that closed it, such as `device_removed`. */
  detail?: string;
  /** Why the network could not be reached, when nothing at all came from it. */
  unreachable?: string;
}

/**
 * Reads `lastDisconnect.error` of Baileys, a Boom. `hasResponded` says whether the network sent
 * anything on this connection.
 */
export function readCloseReason(
  error: unknown,
  { hasResponded }: { hasResponded: boolean },
): CloseReason {
  if (!hasResponded) return { unreachable: causeOf(error) ?? "no response" };
  // Baileys makes up a code for an error of the WebSocket, which would read as one of WhatsApp's.
  const code = isSocketError(error) ? undefined : at(error, "output", "statusCode");
  const detail = at(error, "data", "attrs", "type") ?? at(error, "data", "tag");
  return {
    ...(typeof code === "number" && Number.isInteger(code) ? { code } : {}),
    ...(typeof detail === "string" ? { detail } : {}),
  };
}

const connectionClosed = 428;

/**
 * Whether something failed because the connection is lost. The first write to a dead socket fails
 * a moment before Baileys reports the close.
 */
export function isConnectionFailure(error: unknown): boolean {
  return at(error, "output", "statusCode") === connectionClosed || at(error, "syscall") === "write";
}

function isSocketError(error: unknown): boolean {
  return at(error, "data") instanceof Error;
}

/** The code of a system error, such as ENOTFOUND, or the text of the WebSocket's own. */
function causeOf(error: unknown): string | undefined {
  const cause = isSocketError(error) ? at(error, "data") : undefined;
  const code = at(cause, "code") ?? at(cause, "errors", "0", "code");
  const text = code ?? at(cause, "message");
  return typeof text === "string" && text !== "" ? text : undefined;
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (part, name) =>
      typeof part === "object" && part !== null ? Reflect.get(part, name) : undefined,
    value,
  );
}
