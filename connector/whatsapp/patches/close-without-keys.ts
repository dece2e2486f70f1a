// Baileys takes a key that cannot be read now for one that does not exist; here the connection ends.
import { DatabaseError } from "../../database/database.ts";
import type { KeyStore } from "../../keys/key-store.ts";
import { NotWritten } from "../../write/write.ts";

type Keys = Pick<KeyStore, "get" | "set">;

/**
 * Keys whose failure closes the connection: the database does not answer, or the session has another
 * owner. Otherwise Baileys would request the message again, and the phone's second copy comes after
 * later messages. Over a closed connection it requests nothing, and WhatsApp delivers the message
 * again in its order.
 */
export function closeWithoutKeys(keys: Keys, close: (cause: unknown) => void): Keys {
  return {
    get: (type, ids) => closeOnFailure(keys.get(type, ids), close),
    set: (changes, items) => closeOnFailure(keys.set(changes, items), close),
  };
}

/** Passes a failure on after the connection is closed. */
export async function closeOnFailure<Result>(
  access: Promise<Result>,
  close: (cause: unknown) => void,
): Promise<Result> {
  try {
    return await access;
  } catch (error) {
    if (isUnavailable(error)) close(error);
    throw error;
  }
}

/** What the database refuses for its content would be refused again after every reconnect. */
function isUnavailable(error: unknown): boolean {
  return error instanceof NotWritten || (error instanceof DatabaseError && !error.isPermanent);
}
