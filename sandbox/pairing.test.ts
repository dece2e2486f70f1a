import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Harness } from "./testing/harness.ts";

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

describe("pairing by QR", () => {
  test("a scanned client becomes a device and opens", async () => {
    const phone = await harness.phone();
    const client = await harness.paired(phone);
    expect(client.jid).toBe(`${phone}:1@s.whatsapp.net`);
    const { body } = await harness.call("GET", `/phones/${phone}`);
    expect(client.auth.creds.me?.lid).toBe(String(body["lid"]).replace("@", ":1@"));
    expect(body["linked_devices"]).toMatchObject([{ id: 1, name: "Chrome (Mac OS)" }]);
  });

  test("text goes both ways", async () => {
    const phone = await harness.phone();
    const other = await harness.phone("Ben");
    const client = await harness.paired(phone);
    const sent = await client.socket.sendMessage(`${other}@s.whatsapp.net`, { text: "hello Ben" });
    await harness.phoneMessage(other, { direction: "in", text: "hello Ben", from: phone });
    await client.ack(sent?.key.id ?? "");
    await harness.call("POST", `/phones/${other}/messages`, { to: phone, text: "hello Ada" });
    const received = await client.text("hello Ada");
    expect(received.key.remoteJid).toBe(`${other}@s.whatsapp.net`);
  });
});
