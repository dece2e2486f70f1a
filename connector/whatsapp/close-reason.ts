/** Why a link ended: WhatsApp's close code, and what it said about it. */
export interface CloseReason {
  code?: number;
  /** The stanza's own word for it, such as `device_removed`. */
  detail?: string;
}

/** Reads what Baileys gives as `lastDisconnect.error`, a Boom. */
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
 * Whether something failed because the line is gone. A link says that it closed a moment after
 * the first write to a dead socket failed.
 */
export function isLineFailure(error: unknown): boolean {
  return readCloseReason(error).code === connectionClosed || at(error, "syscall") === "write";
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (part, name) =>
      typeof part === "object" && part !== null ? Reflect.get(part, name) : undefined,
    value,
  );
}
