import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BinaryNode, getBinaryNodeChild, S_WHATSAPP_NET } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Harness } from "./testing/harness.ts";

const delivered = 3;

const encryptIq = (content: BinaryNode[]): BinaryNode => ({
  tag: "iq",
  attrs: { to: S_WHATSAPP_NET, type: "get", xmlns: "encrypt" },
  content,
});

let harness: Harness;
let dataDir: string;
const jid = (phone: string) => `${phone}@s.whatsapp.net`;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "sandbox-"));
  harness = await Harness.start({ dataDir });
});
afterAll(async () => {
  await harness.stop();
  rmSync(dataDir, { recursive: true });
});

describe("a linked session", () => {
  test("is logged out by its phone, and refused when it reconnects", async () => {
    const phone = await harness.phone();
    const client = await harness.paired(phone);
    const { status } = await harness.call("DELETE", `/phones/${phone}/linked-devices/1`);
    expect(status).toBe(204);
    expect(await client.closeCode()).toBe(401);
    client.reconnect();
    expect(await client.closeCode()).toBe(401);
    const { body } = await harness.call("GET", `/phones/${phone}`);
    expect(body["linked_devices"]).toEqual([]);
  });

  test("logs itself out", async () => {
    const phone = await harness.phone();
    const client = await harness.paired(phone);
    await client.socket.logout();
    client.reconnect();
    await client.closeCode();
    expect(await client.closeCode()).toBe(401);
    const { body } = await harness.call("GET", `/phones/${phone}`);
    expect(body["linked_devices"]).toEqual([]);
  });

  test("is replaced by a newer connection of the same device", async () => {
    const first = await harness.paired(await harness.phone());
    const second = harness.client({ auth: first.auth });
    expect(await first.closeCode()).toBe(440);
    await second.open();
  });

  test("receives what was sent while it was offline, in order", async () => {
    const phone = await harness.phone();
    const other = await harness.phone();
    const client = await harness.paired(phone);
    await harness.call("POST", `/phones/${other}/messages`, { to: phone, text: "before" });
    await client.text("before");
    await client.close();
    const texts = ["away 1", "away 2", "away 3"];
    for (const text of texts) {
      await harness.call("POST", `/phones/${other}/messages`, { to: phone, text });
    }
    client.reconnect();
    for (const text of texts) await client.text(text);
    const last = await harness.phoneMessage(other, { text: "away 3", status: "delivered" });
    expect(last).toMatchObject({ to: phone });
  });

  test("reconnects after its connection was cut", async () => {
    const phone = await harness.phone();
    const client = await harness.paired(phone);
    const { body } = await harness.call("POST", "/faults", { kind: "drop-sockets", phone });
    expect(body).toEqual({ dropped: 1 });
    expect(await client.closeCode()).toBe(428);
    client.reconnect();
    await client.open();
  });

  test("receives the recent chats of its phone when it is linked", async () => {
    const phone = await harness.phone();
    const other = await harness.phone("Ben");
    await harness.call("POST", `/phones/${other}/messages`, { to: phone, text: "old news" });
    const client = await harness.paired(phone);
    const { messages, chats } = await client.history();
    expect(messages).toMatchObject([{ message: { conversation: "old news" } }]);
    expect(chats).toMatchObject([{ id: jid(other), name: "Ben" }]);
    expect(client.auth.creds.myAppStateKeyId).toBeTruthy();
  });

  test("shares its settings with the other devices of its account", async () => {
    const phone = await harness.phone();
    const first = await harness.paired(phone);
    await first.history();
    const second = await harness.paired(phone);
    await second.history();
    await first.socket.chatModify({ pushNameSetting: "Renamed" }, "");
    await second.socket.resyncAppState(["critical_block"], false);
    expect(second.auth.creds.me?.name).toBe("Renamed");
  });
});

describe("the key server", () => {
  test("notifies a session to upload one-time pre-keys when few are left", async () => {
    const session = await harness.paired(await harness.phone());
    const greedy = await harness.paired(await harness.phone());
    const count = async (): Promise<number> => {
      const answer = await session.socket.query(encryptIq([{ tag: "count", attrs: {} }]));
      return Number(getBinaryNodeChild(answer, "count")?.attrs["value"]);
    };
    const users = Array.from({ length: (await count()) - 4 }, () => ({
      tag: "user",
      attrs: { jid: session.auth.creds.me?.lid ?? "" },
    }));
    const notified = once(session.socket.ws, "CB:notification,type:encrypt");
    await greedy.socket.query(encryptIq([{ tag: "key", attrs: {}, content: users }]));
    await notified;
    await expect.poll(count).toBeGreaterThan(4);
  });
});

describe("a message that cannot be decrypted", () => {
  test("is sent again to a phone after a retry receipt", async () => {
    const phone = await harness.phone();
    const other = await harness.phone();
    const client = await harness.paired(phone);
    await client.send(jid(other), "first");
    await harness.phoneMessage(other, { text: "first" });
    // The client goes back to an old state of its ratchet, whose keys the phone has used already.
    const { body } = await harness.call("GET", `/phones/${other}`);
    const address = `${String(body["lid"]).split("@")[0]}_1.0`;
    const { [address]: old } = await client.auth.keys.get("session", [address]);
    const copy = structuredClone(old);
    await client.send(jid(other), "second");
    await harness.phoneMessage(other, { text: "second" });
    if (!copy) throw new Error("no session with the phone");
    await client.auth.keys.set({ session: { [address]: copy } });
    const id = await client.send(jid(other), "third");
    expect(await harness.phoneMessage(other, { id })).toMatchObject({ text: "third" });
    await client.status(id, delivered);
  });

  test("is sent again to a client that lost its session", async () => {
    const phone = await harness.phone();
    const other = await harness.phone();
    const client = await harness.paired(phone);
    const write = (text: string) =>
      harness.call("POST", `/phones/${other}/messages`, { to: phone, text });
    await write("first");
    await client.text("first");
    await client.send(jid(other), "the ratchet turns");
    const { body } = await harness.call("GET", `/phones/${other}`);
    const address = `${String(body["lid"]).split("@")[0]}_1.0`;
    await client.auth.keys.set({ session: { [address]: null } });
    const { body: sent } = await write("second");
    expect((await client.text("second")).key.id).toBe(sent["id"]);
  });
});

describe("a restart of the network", () => {
  test("keeps linked devices, Signal sessions, messages and undelivered stanzas", async () => {
    const phone = await harness.phone();
    const other = await harness.phone();
    const client = await harness.paired(phone);
    await harness.call("POST", `/phones/${other}/messages`, { to: phone, text: "one" });
    await client.text("one");
    const id = await client.send(jid(other), "two");
    await client.close();
    await harness.call("POST", `/phones/${other}/messages`, { to: phone, text: "waiting" });
    const { rootKey } = harness.sandbox;
    await harness.restart();
    expect(harness.sandbox.rootKey).toBe(rootKey);
    client.reconnect();
    await client.open();
    await client.text("waiting");
    await harness.call("POST", `/phones/${other}/messages`, { to: phone, text: "three" });
    await client.text("three");
    await client.send(jid(other), "four");
    await harness.phoneMessage(other, { text: "four" });
    expect((await harness.messages(other)).map(({ text }) => text)).toEqual([
      "one",
      "two",
      "waiting",
      "three",
      "four",
    ]);
    expect(await harness.phoneMessage(other, { id })).toMatchObject({ status: "received" });
  });
});
