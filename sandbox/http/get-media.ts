import { Readable } from "node:stream";
import { createRoute, z } from "@hono/zod-openapi";
import { proto } from "@whiskeysockets/baileys";
import { decryptMedia } from "../media/decrypt.ts";
import { pathOf } from "../media/media-server.ts";
import { readMediaContent } from "../phone/media-content.ts";
import { SandboxError } from "../sandbox-error.ts";
import { findMessage } from "../store/messages.ts";
import { type Api, problems } from "./api.ts";
import type { ApiDeps } from "./deps.ts";
import { phoneParam, phonePath } from "./request.ts";

const route = createRoute({
  method: "get",
  path: "/phones/{phone}/messages/{id}/media",
  tags: ["Messages"],
  summary: "Get the decrypted file of a message",
  description: "Also if it is not the file that the message promises: see `mediaError`.",
  request: { params: phonePath.extend({ id: z.string() }) },
  responses: {
    200: {
      description: "The file, with the MIME type of the message",
      content: { "*/*": { schema: z.string().openapi({ format: "binary" }) } },
    },
    ...problems("phone_not_found", "media_not_found", "media_unreadable"),
  },
});

export function getMedia(app: Api, { network, phones }: ApiDeps): void {
  app.openapi(route, async (c) => {
    const phone = phoneParam(c, phones);
    const message = findMessage(network.store, phone.account.phone, c.req.valid("param").id);
    const content = message && readMediaContent(proto.Message.decode(message.encodedMessage));
    if (!content) {
      throw new SandboxError(
        "media_not_found",
        "The phone has no message with this id and a file. GET /phones/:phone/messages lists them.",
      );
    }
    const { media } = await phone.mediaChecks.complete(message);
    const { files } = network.media;
    const file = files.find(pathOf(content.directPath));
    const isReadable = media?.size !== null && media?.error !== "undecryptable";
    if (!media || !file || !isReadable) {
      throw new SandboxError(
        "media_unreadable",
        `The phone cannot read the file of this message: ${media?.error ?? "not_found"}.`,
      );
    }
    const stream = Readable.toWeb(Readable.from(decryptMedia(files, file, content)));
    return c.body(stream as ReadableStream, 200, {
      "content-type": content.mimetype ?? "application/octet-stream",
      "content-length": String(media.size),
      "x-content-type-options": "nosniff",
    });
  });
}
