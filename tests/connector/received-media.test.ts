import { createHash, randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { storedPath } from "../../connector/media/store/media-store.ts";
import { mediaBucket, mediaSchema } from "../../shared/media.ts";
import type { Event } from "../../shared/event.ts";
import { png } from "../support/files.ts";
import { eventually, Stack } from "./stack.ts";

let stack: Stack;
const owner = "393331234567";
const ben = "393337654321";
const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

beforeAll(async () => {
  stack = await Stack.start();
  await stack.phone("POST", "/phones", { phone: ben, name: "Ben" });
  await stack.startConnector();
  await stack.pair("main", owner);
});
afterEach(() => stack.phone("DELETE", "/faults"));
afterAll(() => stack.stop());

async function sendFile(type: string, data: Buffer, more: Record<string, unknown> = {}) {
  const sent = await stack.phone("POST", `/phones/${ben}/messages`, {
    to: owner,
    type,
    data: data.toString("base64"),
    ...more,
  });
  return (sent as { id: string }).id;
}

const sayText = (text: string) =>
  stack.phone("POST", `/phones/${ben}/messages`, { to: owner, type: "text", text });

async function event(type: string, waMessageId: string): Promise<Event> {
  const found = await eventually(
    async () =>
      (await stack.events(type)).find(({ data }) => data["wa_message_id"] === waMessageId),
    (one) => one !== undefined,
    `${type} of ${waMessageId}`,
  );
  return found as Event;
}

const mediaOf = ({ data }: Event) => mediaSchema.parse(data["media"]);

async function storedBytes(received: Event): Promise<Buffer> {
  const path = storedPath(stack.tenantId, mediaOf(received));
  const { data, error } = await stack.client.storage.from(mediaBucket).download(path);
  if (error !== null) throw error;
  return Buffer.from(await data.arrayBuffer());
}

describe("a received file", () => {
  const bytes = randomBytes(40_000);
  test.each([
    ["image", png(40, 30), { width: 40, height: 30, mimetype: "image/png", caption: "Hi" }, "png"],
    ["video", bytes, { seconds: 3, width: 320, height: 240, caption: "Look" }, "mp4"],
    ["audio", bytes, { mimetype: "audio/mpeg", seconds: 61 }, "mp3"],
    ["audio", bytes, { voice: true, seconds: 4 }, "ogg"],
    ["document", bytes, { mimetype: "application/pdf", fileName: "a/b.pdf" }, "pdf"],
    ["sticker", bytes, { width: 512, height: 512 }, "webp"],
  ] as const)(
    "of kind %s is stored before its event goes out",
    async (type, data, more, extension) => {
      const id = await sendFile(type, data, more);
      const received = await event("message.received", id);
      expect(received.data).toMatchObject({ type, text: "caption" in more ? more.caption : null });
      const media = mediaOf(received);
      expect(media).toMatchObject({
        status: "stored",
        size: data.length,
        sha256: hashOf(data),
        seconds: "seconds" in more ? more.seconds : null,
        width: "width" in more ? more.width : null,
        height: "height" in more ? more.height : null,
        voice: "voice" in more,
        file_name: "fileName" in more ? "a_b.pdf" : null,
        error: null,
      });
      expect(media.url).toMatch(new RegExp(`^/files/main/[0-9a-f-]{36}\\.${extension}$`));
      expect((await storedBytes(received)).equals(data)).toBe(true);
    },
  );

  test("larger than 5 MB follows its event", async () => {
    const large = randomBytes(5_500_000);
    const id = await sendFile("document", large, { fileName: "large.bin" });
    expect(mediaOf(await event("message.received", id))).toMatchObject({ status: "pending" });
    const followed = await event("message.media", id);
    expect(mediaOf(followed)).toMatchObject({ status: "stored", sha256: hashOf(large) });
    expect((await storedBytes(followed)).equals(large)).toBe(true);
  });

  test("that is slow is not waited for long, and the chat keeps its order", async () => {
    await stack.phone("POST", "/faults", { kind: "slow-media", bytesPerSecond: 0 });
    const id = await sendFile("document", bytes);
    await sayText("after the slow file");
    const received = await event("message.received", id);
    expect(mediaOf(received)).toMatchObject({ status: "pending", url: null });
    expect(mediaOf(await event("message.media", id))).toMatchObject({ status: "stored" });
    const texts = (await stack.events("message.received"))
      .map(({ data }) => data["text"])
      .slice(-2);
    expect(texts).toEqual([null, "after the slow file"]);
  });

  test("that arrived damaged is downloaded again", async () => {
    await stack.phone("POST", "/faults", { kind: "corrupt-media" });
    const received = await event("message.received", await sendFile("document", bytes));
    expect(mediaOf(received)).toMatchObject({ status: "stored", sha256: hashOf(bytes) });
  });

  test("that stays damaged is given up, and its message is not lost", async () => {
    await stack.phone("POST", "/faults", { kind: "corrupt-media", count: null });
    const received = await event("message.received", await sendFile("document", bytes));
    expect(mediaOf(received)).toMatchObject({
      status: "failed",
      url: null,
      error: { code: "damaged" },
    });
  });

  test.each([403, 404, 410])("that has expired (%i) is uploaded again", async (code) => {
    await stack.phone("POST", "/faults", { kind: "expire-media", phone: ben, code });
    const received = await event("message.received", await sendFile("document", bytes));
    expect(mediaOf(received)).toMatchObject({ status: "stored" });
    expect((await storedBytes(received)).equals(bytes)).toBe(true);
  });

  test("that no phone has any more is given up", async () => {
    await stack.phone("POST", `/phones/${owner}/behaviour`, { reuploads: false });
    await stack.phone("POST", "/faults", { kind: "expire-media", phone: ben });
    const received = await event("message.received", await sendFile("document", bytes));
    await stack.phone("POST", `/phones/${owner}/behaviour`, { reuploads: true });
    expect(mediaOf(received)).toMatchObject({ status: "failed", error: { code: "media_expired" } });
  });
});

test("a file whose connector was killed is downloaded by the next one", async () => {
  await stack.stopConnectors();
  const first = await stack.spawnConnector({ quick: true });
  await stack.until(
    "main",
    (session) => session.state === "connected" && session.connector_url === first.url,
  );
  await stack.phone("POST", "/faults", { kind: "slow-media", bytesPerSecond: 100, count: null });
  const bytes = randomBytes(60_000);
  const id = await sendFile("document", bytes);
  await stack.untilMessage({ wa_message_id: id });
  await first.kill();
  await stack.phone("DELETE", "/faults");
  await stack.startConnector();
  const received = await event("message.received", id);
  const stored =
    mediaOf(received).status === "stored" ? received : await event("message.media", id);
  expect((await storedBytes(stored)).equals(bytes)).toBe(true);
});

test("the event of a stopped session goes out without its file", async () => {
  await stack.phone("POST", "/faults", { kind: "slow-media", bytesPerSecond: 0, count: null });
  const id = await sendFile("document", randomBytes(1000));
  const stored = await stack.untilMessage({ wa_message_id: id });
  const { uid, connector_url: url } = await stack.locate("main");
  await stack.command(url ?? "", { type: "stop", session_uid: uid });
  expect((await event("message.received", id)).data["id"]).toBe(stored.id);
});
