import { z } from "zod";
import { messageSchema } from "./message.ts";

/**
 * What the control plane asks of the connector that owns a session: `POST /commands` on the
 * connector, with a command token (command-token.ts) as bearer.
 */
export const commandSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("send_text"),
    session_uid: z.uuid(),
    to: z.string(),
    text: z.string(),
    idempotency: z.object({ key: z.string(), request_hash: z.string() }).optional(),
  }),
  /** Close the socket and stay closed; what the session needs to log in again is kept. */
  z.object({ type: z.literal("stop"), session_uid: z.uuid() }),
  /** Throw the current QR away and make a new one. */
  z.object({ type: z.literal("regenerate_qr"), session_uid: z.uuid() }),
  z.object({ type: z.literal("pairing_code"), session_uid: z.uuid(), phone: z.string() }),
  /** Unlink the device at WhatsApp, if it is linked, and close. */
  z.object({ type: z.literal("unlink"), session_uid: z.uuid() }),
]);
export type Command = z.infer<typeof commandSchema>;

/**
 * The answer, 200: the message as it stands once WhatsApp took it (or SENDING when its ack did
 * not come in time), the pairing code, or done. `replayed`: the idempotency key was known.
 */
export const commandResultSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("message"), message: messageSchema, replayed: z.boolean() }),
  z.object({ type: z.literal("pairing_code"), code: z.string(), expires_at: z.string() }),
  z.object({ type: z.literal("done") }),
]);
export type CommandResult = z.infer<typeof commandResultSchema>;

/**
 * The answer when a command was not carried out, with the error's HTTP status. `not_owner` is
 * for the control plane alone: look again who owns the session, and ask that one.
 */
export const commandFailureSchema = z.object({
  code: z.string(),
  detail: z.string(),
});
export type CommandFailure = z.infer<typeof commandFailureSchema>;
export const notOwnerCode = "not_owner";
