import { Readable } from "node:stream";
import { proto } from "@whiskeysockets/baileys";
import type { Hono } from "hono";
import { decryptMedia } from "../media/decrypt.ts";
import { pathOf } from "../media/media-server.ts";
import { readMediaContent } from "../phone/media-content.ts";
import { SandboxError } from "../sandbox-error.ts";
import { findMessage } from "../store/messages.ts";
import type { ApiDeps } from "./deps.ts";
import { phoneParam } from "./request.ts";

/** The decrypted file of a message, whether or not it is the one that the message promises. */
export function getMedia(app: Hono, { network, phones }: ApiDeps): void {
  app.get("/phones/:phone/messages/:id/media", async (c) => {
    const phone = phoneParam(c, phones);
    const message = findMessage(network.store, phone.account.phone, c.req.param("id"));
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
