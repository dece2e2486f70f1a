import { z } from "zod";
import { mediaSchema } from "./media.ts";

export const messageStatuses = [
  "QUEUED",
  "SENDING",
  "SENT",
  "DELIVERED",
  "READ",
  "FAILED",
  "RECEIVED",
] as const;
export const messageStatusSchema = z.enum(messageStatuses);
export type MessageStatus = z.infer<typeof messageStatusSchema>;

export const directionSchema = z.enum(["in", "out"]);

/** WhatsApp rejects longer texts. Counted in UTF-16 code units. */
export const maxTextLength = 65_536;

/** Why a message failed: a stable code and a description. */
export const messageErrorSchema = z.object({
  code: z.string(),
  message: z.string(),
});

/** A message as the API shows it. */
export const messageSchema = z.object({
  id: z.string(),
  session_id: z.string(),
  direction: directionSchema,
  source: z.enum(["api", "queue", "phone", "contact"]),
  chat_id: z.string(),
  phone: z.string().nullable(),
  lid: z.string().nullable(),
  participant: z.string().nullable(),
  type: z.string(),
  text: z.string().nullable(),
  /** The sender's number, or its LID where the number is not known. */
  from: z.string().nullable(),
  /** The recipient's number, its LID, or the chat of a group. */
  to: z.string().nullable(),
  /** The same as `text`, by the name that the seed uses. */
  message: z.string().nullable(),
  /** The file of the message; null when it has none. */
  media: mediaSchema.nullable(),
  status: messageStatusSchema,
  wa_message_id: z.string().nullable(),
  error: messageErrorSchema.nullable(),
  created_at: z.string(),
  sent_at: z.string().nullable(),
  delivered_at: z.string().nullable(),
  read_at: z.string().nullable(),
});
export type Message = z.infer<typeof messageSchema>;
