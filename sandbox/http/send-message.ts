import { createRoute, z } from "@hono/zod-openapi";
import { uploadLimit } from "../media/media-kind.ts";
import { type MediaToSend, sendMedia } from "../phone/send-media.ts";
import { sendText } from "../phone/send.ts";
import { SandboxError } from "../sandbox-error.ts";
import { type Api, jsonBody, jsonResponse, problems } from "./api.ts";
import type { ApiDeps } from "./deps.ts";
import { messageSchema, toMessage } from "./message-resource.ts";
import { onlinePhoneParam, phoneNumber, phonePath, requireJsonBody } from "./request.ts";

const base64 = z
  .string()
  .regex(/^[A-Za-z0-9+/]*={0,2}$/, "must be base64")
  .transform((text) => Buffer.from(text, "base64"))
  .refine((bytes) => bytes.length > 0, { error: "must not be empty" })
  .openapi({ type: "string", format: "byte" });

const common = { to: phoneNumber, addressing: z.enum(["pn", "lid"]).optional() };
const file = { ...common, data: base64 };
const mimetype = z.string().min(1).max(200);
const caption = z.string().min(1).max(65_536).optional();
const pixels = z.number().int().min(1).max(100_000).optional();
const dimensions = { width: pixels, height: pixels };
const seconds = z.number().int().min(0).max(1_000_000).optional();
const jpegThumbnail = base64.optional();

const body = z.discriminatedUnion("type", [
  z.object({ ...common, type: z.literal("text"), text: z.string().min(1).max(65_536) }),
  z.object({
    ...file,
    ...dimensions,
    type: z.literal("image"),
    mimetype: mimetype.default("image/jpeg"),
    caption,
    jpegThumbnail,
  }),
  z.object({
    ...file,
    ...dimensions,
    type: z.literal("video"),
    mimetype: mimetype.default("video/mp4"),
    caption,
    seconds,
    jpegThumbnail,
  }),
  z.object({
    ...file,
    type: z.literal("audio"),
    mimetype: mimetype.default("audio/ogg; codecs=opus"),
    voice: z.boolean().default(false),
    seconds,
    waveform: base64.optional(),
  }),
  z.object({
    ...file,
    type: z.literal("document"),
    mimetype: mimetype.default("application/octet-stream"),
    caption,
    fileName: z.string().min(1).max(255).optional(),
    jpegThumbnail,
  }),
  z.object({
    ...file,
    ...dimensions,
    type: z.literal("sticker"),
    mimetype: mimetype.default("image/webp"),
  }),
]);

const bodyOrText = z.preprocess(
  (value) => (typeof value === "object" && value !== null ? { type: "text", ...value } : value),
  body,
);

const route = createRoute({
  method: "post",
  path: "/phones/{phone}/messages",
  tags: ["Messages"],
  summary: "Send a text or a file",
  description: "A body without `type` is a text.",
  middleware: requireJsonBody,
  request: { params: phonePath, body: jsonBody(bodyOrText) },
  responses: {
    201: jsonResponse("The message as the phone stored it", messageSchema),
    ...problems(
      "phone_not_found",
      "phone_offline",
      "media_too_large",
      "unsupported_media_type",
      "invalid_request",
      "not_on_whatsapp",
    ),
  },
});

export function sendMessage(app: Api, { network, phones }: ApiDeps): void {
  app.openapi(route, async (c) => {
    const phone = onlinePhoneParam(c, phones);
    const { to: number, addressing, ...content } = c.req.valid("json");
    const to = network.accounts.byPhone(number);
    if (!to) {
      throw new SandboxError(
        "not_on_whatsapp",
        "There is no phone with the number in `to`. Create it with POST /phones.",
      );
    }
    const recipient = { to, ...(addressing && { addressing }) };
    if (content.type === "text") {
      const { text } = content;
      const message = await phone.run(() => sendText(phone, { ...recipient, text }));
      return c.json(toMessage(message), 201);
    }
    const { type: kind, ...rest } = content;
    const outgoing: MediaToSend = { ...recipient, ...rest, kind };
    checkSize(outgoing);
    const message = await sendMedia(phone, outgoing);
    return c.json(toMessage(await phone.mediaChecks.complete(message)), 201);
  });
}

function checkSize({ kind, data }: MediaToSend): void {
  const limitBytes = uploadLimit(kind);
  if (data.length <= limitBytes) return;
  throw new SandboxError(
    "media_too_large",
    `WhatsApp takes at most ${limitBytes} bytes for this type. Send a smaller file, or send it as a document.`,
  );
}
