/** Why a connection closed: WhatsApp's close code, and the detail that came with it. */
export interface CloseReason {
  code?: number;
  /** The type or tag of the stanza that closed it, such as `device_removed`. */
  detail?: string;
}

/** Reads `lastDisconnect.error` of Baileys, a Boom. */
export function readCloseReason(error: unknown): CloseReason {
  const code = at(error, "output", "statusCode");
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
  return readCloseReason(error).code === connectionClosed || at(error, "syscall") === "write";
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (part, name) =>
      typeof part === "object" && part !== null ? Reflect.get(part, name) : undefined,
    value,
  );
}
