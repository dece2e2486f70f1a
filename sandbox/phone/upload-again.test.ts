import { randomBytes } from "node:crypto";
import { downloadMediaMessage, type WAMessage } from "@whiskeysockets/baileys";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { TestClient } from "../testing/client.ts";
import { Harness } from "../testing/harness.ts";
import { trustCertificate } from "../testing/trust.ts";

const bytes = randomBytes(50_000);

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
  // Until it knows a media host, Baileys looks for the new upload at mmg.whatsapp.net.
  await client.socket.refreshMediaConn();
});
afterAll(() => harness.stop());
afterEach(() => harness.call("DELETE", "/faults"));

async function received(): Promise<WAMessage> {
  const { body } = await harness.call("POST", `/phones/${ben}/messages`, {
    to: ada,
    type: "document",
    data: bytes.toString("base64"),
  });
  return await client.message(({ key }) => key.id === body["id"]);
}

function download(message: WAMessage): Promise<Buffer> {
  return downloadMediaMessage(message, "buffer", {});
}

test.each([403, 404, 410])(
  "a file that expired (%i) is uploaded again on request",
  async (code) => {
    const fault = { kind: "expire-media", phone: ben, code };
    expect(await harness.call("POST", "/faults", fault)).toMatchObject({ status: 201 });
    const message = await received();
    const { directPath } = message.message?.documentMessage ?? {};
    const failure = { output: { statusCode: code } };
    await expect(download(message)).rejects.toMatchObject(failure);
    // It stays expired at the old path.
    await expect(download(message)).rejects.toMatchObject(failure);
    const updated = await client.socket.updateMediaMessage(message);
    expect(updated.message?.documentMessage?.directPath).not.toBe(directPath);
    expect((await download(updated)).equals(bytes)).toBe(true);
  },
);

test("a file that the session has sent is uploaded again by its own phone", async () => {
  const content = { document: bytes, mimetype: "application/pdf", fileName: "a.pdf" };
  const sent = await client.socket.sendMessage(`${ben}@s.whatsapp.net`, content);
  if (!sent) throw new Error("nothing was sent");
  await harness.phoneMessage(ada, { id: sent.key.id });
  await harness.call("POST", "/faults", { kind: "expire-media", phone: ada });
  await expect(download(sent)).rejects.toMatchObject({ output: { statusCode: 410 } });
  const updated = await client.socket.updateMediaMessage(sent);
  expect((await download(updated)).equals(bytes)).toBe(true);
});

test("with count null the new upload expires too", async () => {
  await harness.call("POST", "/faults", { kind: "expire-media", count: null });
  const message = await received();
  await expect(download(message)).rejects.toThrow();
  const updated = await client.socket.updateMediaMessage(message);
  await expect(download(updated)).rejects.toMatchObject({ output: { statusCode: 410 } });
});

test("a phone that does not upload again, or does not know the message, answers 404", async () => {
  const message = await received();
  await harness.call("POST", `/phones/${ada}/behaviour`, { reuploads: false });
  const failure = { output: { statusCode: 404 } };
  await expect(client.socket.updateMediaMessage(message)).rejects.toMatchObject(failure);
  await harness.call("POST", `/phones/${ada}/behaviour`, { reuploads: true });
  const unknown = { ...message, key: { ...message.key, id: "UNKNOWN" } };
  await expect(client.socket.updateMediaMessage(unknown)).rejects.toMatchObject(failure);
  expect((await download(await client.socket.updateMediaMessage(message))).equals(bytes)).toBe(
    true,
  );
});

test("a phone that is offline answers when it is online again", async () => {
  const message = await received();
  await harness.call("POST", `/phones/${ada}/behaviour`, { online: false });
  const updating = client.socket.updateMediaMessage(message);
  await harness.call("POST", `/phones/${ada}/behaviour`, { online: true });
  expect((await download(await updating)).equals(bytes)).toBe(true);
});
