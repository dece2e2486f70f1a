import { z } from "zod";
import { queueFieldsSchema } from "./queue-fields.ts";
import { parseRecipient } from "./recipient.ts";
import { storableText } from "./text.ts";

export const mediaKinds = ["image", "video", "audio", "document", "sticker"] as const;
export const mediaKindSchema = z.enum(mediaKinds);
export type MediaKind = z.infer<typeof mediaKindSchema>;

const megabyte = 1_000_000;

/** The largest files, in bytes, that WhatsApp takes; documents have a limit of their own. */
const maxBytes = {
  image: 16 * megabyte,
  video: 16 * megabyte,
  audio: 16 * megabyte,
  sticker: 1 * megabyte,
} as const;
export const defaultMaxDocumentBytes = 100 * megabyte;
/** WhatsApp's own limit. */
export const maxDocumentBytes = 2_000 * megabyte;

/** The limit of a kind in bytes. */
export function maxBytesOf(kind: MediaKind, documentBytes: number): number {
  return kind === "document" ? documentBytes : maxBytes[kind];
}

/** The file of a message. Fields that are not known are null. */
export const mediaSchema = z.object({
  /** Where the file is, once it is stored. Expires; a new one comes with each answer and event. */
  url: z.string().nullable(),
  mimetype: z.string().nullable(),
  size: z.number().int().nullable(),
  /** Hex. */
  sha256: z.string().nullable(),
  file_name: z.string().nullable(),
  seconds: z.number().nullable(),
  width: z.number().int().nullable(),
  height: z.number().int().nullable(),
  /** Of an audio: whether it is a voice message. */
  voice: z.boolean(),
  status: z.enum(["stored", "pending", "failed", "deleted"]),
  /** Why the file could not be stored. */
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type Media = z.infer<typeof mediaSchema>;

export const maxCaptionLength = 4096;

/** `to` of every send endpoint. */
export const recipientSchema = z
  .string()
  .max(100)
  .refine((to) => parseRecipient(to) !== undefined, {
    message:
      "Must be a phone number with its country code, or a JID ending in @s.whatsapp.net, @c.us, @lid or @g.us",
  });

const fileName = storableText({ min: 1, max: 255 }).refine((name) => !/[\p{Cc}/\\]/u.test(name), {
  message: "Must be a file name without slashes and control characters",
});
const flag = z.union(
  [z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")],
  {
    error: "Must be true or false",
  },
);

/** The fields of a request to send a file, besides the file itself. */
export const mediaFieldsSchema = z.strictObject({
  to: recipientSchema,
  caption: storableText({ max: maxCaptionLength }).optional(),
  file_name: fileName.optional(),
  mimetype: z
    .string()
    .max(100)
    .regex(/^[\w.+-]+\/[\w.+-]+(; ?[\w.+-]+=[\w.+-]+)*$/, "Must be a MIME type such as image/png")
    .optional(),
  voice: flag.optional(),
  ...queueFieldsSchema.shape,
});
export type MediaFields = z.infer<typeof mediaFieldsSchema>;

/** A file that a connector stored for a message which is still to be sent. */
export const storedUploadSchema = z.object({
  /** The id that the message will have. */
  id: z.uuid(),
  kind: mediaKindSchema,
  to: z.string(),
  caption: z.string().nullable(),
  media: mediaSchema,
  /** Base64 of a small JPEG. */
  thumbnail: z.string().nullable(),
  /** Base64 of 64 amplitudes from 0 to 100, for a voice message. */
  waveform: z.string().nullable(),
  /** Identifies the request for its idempotency key. */
  request_hash: z.string(),
  /** What the request says about the queue. */
  queue: queueFieldsSchema,
  /** Base64 of the encoded WhatsApp message, for the queue. */
  content: z.string().nullable(),
});
export type StoredUpload = z.infer<typeof storedUploadSchema>;

export const filePrefix = "/files/";

/** The names that stored files have: the id of their message, or a new one, and an extension. */
export const storedFileName = /^[0-9a-f-]{36}\.[a-z0-9]{1,10}$/;

/** The path of a stored file on the control plane, without a signature. */
export function filePath(sessionId: string, fileName: string): string {
  return `${filePrefix}${sessionId}/${fileName}`;
}

/** The bucket of Supabase Storage that a migration creates. */
export const mediaBucket = "whatsapp-media";
