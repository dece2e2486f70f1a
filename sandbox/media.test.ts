import { createHash, randomBytes } from "node:crypto";
import { type AnyMessageContent, downloadMediaMessage } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestClient } from "./testing/client.ts";
import { Harness } from "./testing/harness.ts";
import { trustCertificate } from "./testing/trust.ts";

const bytes = randomBytes(70_001);
const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
const jid = (phone: string) => `${phone}@s.whatsapp.net`;

let harness: Harness;
let ada: string;
let ben: string;
let client: TestClient;

beforeAll(async () => {
  harness = await Harness.start();
  trustCertificate(harness.sandbox.caCertificate);
  ada = await harness.phone("Ada");
  ben = await harness.phone("Ben");
  client = await harness.paired(ada);
});
afterAll(() => harness.stop());

describe("a session sends a file to a phone", () => {
  test.each<[string, AnyMessageContent, object]>([
    [
      "image",
      { image: bytes, caption: "a photo", width: 3, height: 2, jpegThumbnail: "" },
      { mimetype: "image/jpeg", caption: "a photo", text: "a photo", width: 3, height: 2 },
    ],
    [
      "video",
      { video: bytes, caption: "a film", seconds: 7, jpegThumbnail: "" },
      { mimetype: "video/mp4", caption: "a film", seconds: 7 },
    ],
    [
      "audio",
      { audio: bytes, seconds: 4, ptt: true, mimetype: "audio/ogg; codecs=opus" },
      { mimetype: "audio/ogg; codecs=opus", voice: true, seconds: 4, caption: null },
    ],
    [
      "document",
      { document: bytes, fileName: "a.pdf", mimetype: "application/pdf", caption: "a file" },
      { mimetype: "application/pdf", fileName: "a.pdf", caption: "a file", voice: false },
    ],
    ["sticker", { sticker: bytes }, { mimetype: "image/webp", text: null }],
  ])("%s", async (type, content, shown) => {
    const sent = await client.socket.sendMessage(jid(ben), content);
    const id = sent?.key.id;
    const message = await harness.phoneMessage(ben, { id });
    const file = { size: bytes.length, sha256: sha256(bytes), mediaError: null };
    expect(message).toMatchObject({ type, direction: "in", ...file, ...shown });
    const url = `${harness.sandbox.url}/phones/${ben}/messages/${id}/media`;
    const response = await fetch(url);
    expect(response.headers.get("content-type")).toBe(message["mimetype"]);
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    // The phone of the session has a copy with the same file.
    expect(await harness.phoneMessage(ada, { id })).toMatchObject({ type, ...file });
  });
});

describe("a phone sends a file to a session", () => {
  test.each([
    ["image", { caption: "a photo", width: 3, height: 2 }, "imageMessage"],
    ["video", { seconds: 7, width: 3, height: 2 }, "videoMessage"],
    ["audio", { voice: true, seconds: 4 }, "audioMessage"],
    ["document", { fileName: "a.pdf", mimetype: "application/pdf" }, "documentMessage"],
    ["document", { fileName: "a.pdf", caption: "a file" }, "documentWithCaptionMessage"],
    ["sticker", { width: 512, height: 512 }, "stickerMessage"],
  ] as const)("%s %j", async (type, fields, name) => {
    const { status, body } = await harness.call("POST", `/phones/${ben}/messages`, {
      to: ada,
      type,
      data: bytes.toString("base64"),
      ...fields,
    });
    expect(status).toBe(201);
    const file = { size: bytes.length, sha256: sha256(bytes), mediaError: null };
    expect(body).toMatchObject({ type, direction: "out", ...file, ...fields });
    const message = await client.message(({ key }) => key.id === body["id"]);
    expect(Object.keys(message.message ?? {})).toContain(name);
    const received = await downloadMediaMessage(message, "buffer", {});
    expect(received.equals(bytes)).toBe(true);
  });
});
