import { z } from "@hono/zod-openapi";
import { proto } from "@whiskeysockets/baileys";
import { hasMedia } from "../phone/media-checks.ts";
import { readMediaContent } from "../phone/media-content.ts";
import { type PhoneMessage, mediaErrors, messageStatuses } from "../store/messages.ts";

const base64 = z.string().nullable().openapi({ format: "byte" });

/** The fields that only messages with a file have. */
const mediaFields = {
  mimetype: z.string().nullable(),
  size: z.number().int().nullable().openapi({ description: "Bytes of the decrypted file" }),
  sha256: z.string().nullable().openapi({ description: "Of the decrypted file, in hex" }),
  caption: z.string().nullable(),
  fileName: z.string().nullable(),
  voice: z.boolean().openapi({ description: "Whether it is a voice note" }),
  seconds: z.number().int().nullable(),
  width: z.number().int().nullable(),
  height: z.number().int().nullable(),
  jpegThumbnail: base64,
  waveform: base64,
  mediaError: z
    .enum(mediaErrors)
    .nullable()
    .openapi({ description: "Why the file is not the one that the message promises" }),
};

export const messageSchema = z
  .object({
    id: z.string().openapi({ description: "WhatsApp's id, the same on all devices" }),
    direction: z.enum(["in", "out"]),
    from: z.string().openapi({ example: "393331234567" }),
    to: z.string().openapi({ example: "393337654321" }),
    type: z.string().openapi({ example: "text" }),
    text: z.string().nullable().openapi({ description: "The text, or the caption of a file" }),
    timestamp: z.iso.datetime(),
    status: z.enum(messageStatuses),
    from_me_device: z
      .number()
      .int()
      .nullable()
      .openapi({ description: "The own device that sent it; 0 is the phone" }),
    notified: z
      .boolean()
      .nullable()
      .openapi({ description: "Whether the phone showed a notification" }),
    ...z.object(mediaFields).partial().shape,
  })
  .openapi("Message");

export function toMessage(message: PhoneMessage): z.infer<typeof messageSchema> {
  const { id, direction, from, to, type, text, timestamp, status, fromMeDevice, notified } =
    message;
  return {
    id,
    direction,
    from,
    to,
    type,
    text,
    timestamp: new Date(timestamp * 1000).toISOString(),
    status,
    from_me_device: fromMeDevice,
    notified,
    ...(hasMedia(message) && toMedia(message)),
  };
}

function toMedia({ media, encodedMessage }: PhoneMessage) {
  const content = readMediaContent(proto.Message.decode(encodedMessage));
  return {
    mimetype: content?.mimetype ?? null,
    size: media?.size ?? null,
    sha256: media?.sha256 ?? null,
    caption: content?.caption ?? null,
    fileName: content?.fileName ?? null,
    voice: content?.voice ?? false,
    seconds: content?.seconds ?? null,
    width: content?.width ?? null,
    height: content?.height ?? null,
    jpegThumbnail: base64OrNull(content?.jpegThumbnail),
    waveform: base64OrNull(content?.waveform),
    mediaError: media?.error ?? null,
  };
}

function base64OrNull(bytes: Uint8Array | null | undefined): string | null {
  return bytes ? Buffer.from(bytes).toString("base64") : null;
}
