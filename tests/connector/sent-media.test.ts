import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileOn, png } from "../support/files.ts";
import { phoneAt } from "../support/phone.ts";
import { eventually, Stack } from "./stack.ts";

let stack: Stack;
const ben = "393337654321";
const owner = "393331234567";

beforeAll(async () => {
  stack = await Stack.start();
  await stack.phone("POST", "/phones", { phone: ben, name: "Ben" });
});
afterAll(() => stack.stop());

const jsonBody = (body: unknown) => ({
  contentType: "application/json",
  body: JSON.stringify(body),
});

test("killed while it uploads a file, it is sent once by the next connector, without the caller", async () => {
  const first = await stack.spawnConnector({ quick: true });
  const { uid } = await stack.pair("main", owner);
  await stack.sendText(first.url, { uid, to: ben, text: "before" });
  await stack.phone("POST", "/faults", {
    kind: "slow-upload",
    phone: owner,
    bytesPerSecond: 1000,
    count: null,
  });
  const image = png(100, 100);
  const upload = await stack.upload(first.url, {
    kind: "image",
    ...jsonBody({ to: ben, image: image.toString("base64"), caption: "Once" }),
  });
  const sending = stack.command(first.url, { type: "send_media", session_uid: uid, upload });
  sending.catch(() => undefined);
  await stack.untilMessage({ id: upload.id, status: "SENDING" });
  await first.kill();
  await expect(sending).rejects.toThrow();
  await stack.phone("DELETE", "/faults");

  await stack.startConnector();
  await stack.untilMessage({ id: upload.id, status: "DELIVERED" });
  const [message] = await stack.messages({ id: upload.id });
  const arrived = await fileOn(phoneAt(stack.sandbox.url, ben), message?.wa_message_id ?? null);
  expect(arrived).toMatchObject({ caption: "Once", mediaError: null });
  expect(arrived.bytes.equals(image)).toBe(true);
  const texts = (await stack.phoneMessages(ben)).map(({ text }) => text);
  expect(texts.filter((text) => text === "Once")).toHaveLength(1);
});

test("an upload that WhatsApp refuses is tried again", async () => {
  const { uid, connector_url: url } = await stack.locate("main");
  await stack.phone("POST", "/faults", { kind: "refuse-upload", phone: owner, code: 503 });
  const image = png(20, 20);
  const body = jsonBody({ to: ben, image: image.toString("base64") });
  const upload = await stack.upload(url ?? "", { kind: "image", ...body });
  expect(upload.media.sha256).toBe(createHash("sha256").update(image).digest("hex"));
  await stack.command(url ?? "", { type: "send_media", session_uid: uid, upload });
  await stack.untilMessage({ id: upload.id, status: "DELIVERED" });
});

test("the URL of a private address is refused on a server that is not local", async () => {
  const { connector_url: url } = await stack.locate("main");
  for (const image of [
    "http://169.254.169.254/latest",
    "http://localhost/a.png",
    stack.sandbox.url,
  ]) {
    const body = jsonBody({ to: ben, image });
    await expect(stack.upload(url ?? "", { kind: "image", ...body })).rejects.toThrow(
      "private address",
    );
  }
});

test("a file whose message never comes is removed", async () => {
  const { connector_url: url } = await stack.locate("main");
  const body = jsonBody({ to: ben, image: png(20, 20).toString("base64") });
  const { media } = await stack.upload(url ?? "", { kind: "image", ...body });
  const path = `${stack.tenantId}/${media.url?.slice("/files/".length)}`;
  const exists = async () => {
    const { data } = await stack.client.storage.from("whatsapp-media").exists(path);
    return data;
  };
  expect(await exists()).toBe(true);
  await stack.database.pool.query(
    "update media_removals set remove_after = now() where path = $1",
    [path],
  );
  await eventually(exists, (found) => !found, "the removal");
});

test("a directory that cannot be written to loses no message", async () => {
  await stack.stopConnectors();
  const broken = join(stack.sandbox.caCertificateFile, "media"); // Below a file, not a directory.
  const { url } = await stack.startConnector({}, { STORAGE_MODE: "local", MEDIA_DIR: broken });
  const { uid } = await stack.until("main", (session) => session.state === "connected");
  const image = png(20, 20).toString("base64");
  const body = jsonBody({ to: ben, image });
  await expect(stack.upload(url, { kind: "image", ...body })).rejects.toMatchObject({
    status: 503,
    code: "storage_unavailable",
  });

  const sent = await stack.phone("POST", `/phones/${ben}/messages`, {
    to: owner,
    type: "image",
    data: image,
    caption: "Not lost",
  });
  await eventually(
    () => stack.events("message.received"),
    (events) => events.some(({ data }) => data["wa_message_id"] === (sent as { id: string }).id),
    "the event",
  );
  const { media } = await eventually(
    async () => (await stack.messages({ text: "Not lost" }))[0],
    (message) => message?.media?.status === "failed",
    "the failure",
  ).then((message) => message ?? { media: null });
  expect(media).toMatchObject({ url: null, error: { code: "download_failed" } });
  await stack.sendText(url, { uid, to: ben, text: "still sending" });
});
