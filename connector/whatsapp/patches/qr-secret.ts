// Baileys makes every QR code with the ADV secret it had at first; here each has the current one.
import { randomBytes } from "node:crypto";
import type { Credentials } from "../auth-state.ts";
import { type EventEmitter, interceptEvent } from "./intercept-event.ts";

const secretBytes = 32;
/** Of a QR code: `<url>#ref,noise key,identity key,ADV secret,platform`. */
const secretField = 3;

/**
 * The phone signs the new device with the secret from the QR code, and Baileys verifies this with
 * the secret in the credentials. `renew` replaces it, and shows the current ref again with the new
 * one (WhiskeySockets/Baileys#2765).
 */
export function showCurrentSecret(
  events: EventEmitter,
  credentials: Credentials,
): { renew: () => void } {
  let shown: string | undefined;
  interceptEvent(events, "connection.update", (update) => {
    if (update.qr === undefined) return update;
    const fields = update.qr.split(",");
    fields[secretField] = credentials.advSecretKey;
    shown = fields.join(",");
    return { ...update, qr: shown };
  });
  return {
    renew: () => {
      credentials.advSecretKey = randomBytes(secretBytes).toString("base64");
      if (shown !== undefined) events.emit("connection.update", { qr: shown });
    },
  };
}
