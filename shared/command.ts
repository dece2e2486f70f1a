import { z } from "zod";
import { mediaKindSchema, storedUploadSchema } from "./media.ts";
import { messageSchema } from "./message.ts";

/**
 * A command from the control plane to the connector that owns a session: `POST /commands`, with
 * a command token (command-token.ts) as bearer token.
 */
export const commandSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("send_text"),
    session_uid: z.uuid(),
    to: z.string(),
    text: z.string(),
    idempotency: z.object({ key: z.string(), request_hash: z.string() }).optional(),
  }),
  /** Sends a file that this or another connector stored before. */
  z.object({
    type: z.literal("send_media"),
    session_uid: z.uuid(),
    upload: storedUploadSchema,
    idempotency: z.object({ key: z.string(), request_hash: z.string() }).optional(),
  }),
  /** Closes the socket and keeps it closed; the credentials are kept. */
  z.object({ type: z.literal("stop"), session_uid: z.uuid() }),
  /** Replaces the current QR code. */
  z.object({ type: z.literal("regenerate_qr"), session_uid: z.uuid() }),
  z.object({ type: z.literal("pairing_code"), session_uid: z.uuid(), phone: z.string() }),
  /** Unlinks the device in WhatsApp, if it is linked, and closes the socket. */
  z.object({ type: z.literal("unlink"), session_uid: z.uuid() }),
]);
export type Command = z.infer<typeof commandSchema>;

/**
 * The response when a command succeeds, status 200. A message is SENT once WhatsApp acknowledged
 * it and SENDING when the ack did not arrive in time; `replayed` means that it is the message of
 * an earlier request with the same idempotency key.
 */
export const commandResultSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("message"), message: messageSchema, replayed: z.boolean() }),
  z.object({ type: z.literal("upload"), upload: storedUploadSchema }),
  z.object({ type: z.literal("pairing_code"), code: z.string(), expires_at: z.string() }),
  z.object({ type: z.literal("done") }),
]);
export type CommandResult = z.infer<typeof commandResultSchema>;

/**
 * The response when a command fails, with the error's HTTP status. On `not_owner` the control
 * plane locates the session again and sends the command to its new owner.
 */
export const commandFailureSchema = z.object({
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
});
export type CommandFailure = z.infer<typeof commandFailureSchema>;
export const notOwnerCode = "not_owner";

/** The query of `POST /uploads`, whose body is that of a request to send a file, as it came. */
export const uploadQuerySchema = z.object({
  tenant_id: z.string(),
  session_id: z.string(),
  kind: mediaKindSchema,
  idempotency_key: z.string().optional(),
});
export type UploadQuery = z.infer<typeof uploadQuerySchema>;
