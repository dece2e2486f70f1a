import { randomBytes } from "node:crypto";
import { proto } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import { encryptedFile, pendingMedia, withDirectPath } from "./incoming-media.ts";

const encode = (message: proto.IMessage) =>
  Buffer.from(proto.Message.encode(message).finish()).toString("base64");
const mediaKey = randomBytes(32);

test("of a file with only a URL the path is used, never its host", () => {
  const content = encode({
    imageMessage: { url: "http://169.254.169.254/latest?a=1", mediaKey, mimetype: "image/png" },
  });
  expect(encryptedFile(content)).toMatchObject({ directPath: "/latest?a=1", mediaType: "image" });
  expect(pendingMedia(content)).toMatchObject({ status: "pending", mimetype: "image/png" });
});

test("what a sender makes up is not passed on", () => {
  const content = encode({
    documentMessage: {
      directPath: "/v/1",
      mediaKey,
      fileName: "../..\\a\0b.pdf",
      mimetype: 'text/html"\r\nx: y',
      fileSha256: randomBytes(3),
    },
  });
  expect(pendingMedia(content)).toMatchObject({
    file_name: ".._.._a_b.pdf",
    mimetype: null,
    sha256: null,
    size: null,
  });
});

test("a message without the key of its file says that it has none", () => {
  const content = encode({ videoMessage: { directPath: "/v/1" } });
  expect(pendingMedia(content)).toMatchObject({
    status: "failed",
    error: { code: "not_available" },
  });
  expect(encryptedFile(content)).toBeUndefined();
});

test("a file that was uploaded again has a new path", () => {
  const content = encode({ audioMessage: { directPath: "/old", mediaKey, ptt: true } });
  expect(encryptedFile(withDirectPath(content, "/new"))).toMatchObject({
    directPath: "/new",
    mediaType: "audio",
  });
  expect(pendingMedia(content)?.voice).toBe(true);
});
