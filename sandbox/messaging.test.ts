import type { BinaryNode } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestClient } from "./testing/client.ts";
import { Harness } from "./testing/harness.ts";

const delivered = 3;
const read = 4;

let harness: Harness;
let ada: string;
let ben: string;
let client: TestClient;
const jid = (phone: string) => `${phone}@s.whatsapp.net`;

beforeAll(async () => {
  harness = await Harness.start();
  ada = await harness.phone("Ada");
  ben = await harness.phone("Ben");
  client = await harness.paired(ada);
});
afterAll(() => harness.stop());

describe("a session writes to a phone", () => {
  test("the text arrives, with ack, delivery and read receipts", async () => {
    const id = await client.send(jid(ben), "hello Ben");
    await client.receipt(id);
    expect(await harness.phoneMessage(ben, { id })).toMatchObject({
      direction: "in",
      from: ada,
      to: ben,
      type: "text",
      text: "hello Ben",
      status: "received",
    });
    expect(await harness.call("POST", `/phones/${ben}/read`, { from: ada })).toMatchObject({
      body: { read: 1 },
    });
    await client.status(id, read);
    expect(await harness.phoneMessage(ben, { id })).toMatchObject({ status: "read" });
  });

  test("the session's own phone has a copy with its status", async () => {
    const id = await client.send(jid(ben), "a copy for my phone");
    await client.status(id, delivered);
    expect(await harness.phoneMessage(ada, { id, status: "delivered" })).toMatchObject({
      direction: "out",
      from: ada,
      to: ben,
      text: "a copy for my phone",
      from_me_device: 1,
    });
  });

  test("a message in flight while the phone starts a new Signal session can still be decrypted", async () => {
    const received = new Promise<BinaryNode>((resolve) => {
      client.socket.ws.once("CB:message", resolve);
    });
    await harness.call("POST", `/phones/${ben}/messages`, {
      to: ada,
      text: "to be resent",
    });
    const message = await received;
    await client.text("to be resent");
    const { body } = await harness.call("GET", `/phones/${ben}`);
    const address = client.socket.signalRepository.jidToSignalProtocolAddress(String(body["lid"]));
    const { keys } = client.auth;
    const { [address]: session } = await keys.get("session", [address]);
    expect(session).toBeDefined();

    const again = new Promise((resolve) => {
      client.socket.ws.once("CB:message", resolve);
    });
    await client.socket.sendRetryRequest(message, true);
    await again;
    await expect
      .poll(async () => (await keys.get("session", [address]))[address])
      .not.toEqual(session);
    await keys.set({ session: { [address]: session ?? null } });
    const receipts: (string | undefined)[] = [];
    client.socket.ws.on("CB:receipt", ({ attrs }: BinaryNode) => receipts.push(attrs["type"]));
    const id = await client.send(jid(ben), "over the old session");
    await client.receipt(id);
    expect(receipts).not.toContain("retry");
  });

  test("many texts arrive in order", async () => {
    const texts = Array.from({ length: 30 }, (_, index) => `number ${index}`);
    for (const text of texts) await client.socket.sendMessage(jid(ben), { text });
    await harness.phoneMessage(ben, { text: "number 29" });
    const arrived = (await harness.messages(ben)).map(({ text }) => String(text));
    expect(arrived.filter((text) => text.startsWith("number"))).toEqual(texts);
  });

  test("a number without a phone is not on WhatsApp", async () => {
    expect(await client.socket.onWhatsApp(ben, "15550009999")).toEqual([
      { jid: jid(ben), exists: true },
    ]);
  });

  test("the LID of the chat is known", async () => {
    const { body } = await harness.call("GET", `/phones/${ben}`);
    await client.send(jid(ben), "what is your LID?");
    const lid = await client.socket.signalRepository.lidMapping.getLIDForPN(jid(ben));
    expect(lid).toBe(body["lid"]);
  });
});

describe("a phone writes to a session", () => {
  test("the text arrives from the number, with the LID as the alternative jid", async () => {
    const { body: phone } = await harness.call("GET", `/phones/${ben}`);
    const { body } = await harness.call("POST", `/phones/${ben}/messages`, {
      to: `+${ada.slice(0, 2)} ${ada.slice(2)}`,
      type: "text",
      text: "hello Ada",
    });
    const message = await client.text("hello Ada");
    expect(message).toMatchObject({
      key: { id: body["id"], remoteJid: jid(ben), remoteJidAlt: phone["lid"], fromMe: false },
      pushName: "Ben",
    });
    await harness.phoneMessage(ben, { id: body["id"], status: "delivered" });
    await client.socket.readMessages([message.key]);
    await harness.phoneMessage(ben, { id: body["id"], status: "read" });
  });

  test("a text in a LID chat arrives from the LID, with the number as the alternative jid", async () => {
    const { body: phone } = await harness.call("GET", `/phones/${ben}`);
    const to = { to: ada, text: "by LID", addressing: "lid" };
    await harness.call("POST", `/phones/${ben}/messages`, to);
    const { key } = await client.text("by LID");
    expect(key).toMatchObject({ remoteJid: phone["lid"], remoteJidAlt: jid(ben), fromMe: false });
    const id = await client.send(String(phone["lid"]), "answer by LID");
    expect(await harness.phoneMessage(ben, { id })).toMatchObject({ from: ada });
  });

  test("the session receives what its own phone sends", async () => {
    await harness.call("POST", `/phones/${ada}/messages`, { to: ben, text: "from my phone" });
    const { key } = await client.text("from my phone");
    expect(key).toMatchObject({ remoteJid: jid(ben), fromMe: true });
  });
});

describe("a phone's behaviour", () => {
  test("autoRead and autoReply read and reply, but not to automatic replies", async () => {
    const cat = await harness.phone("Cat");
    const dan = await harness.phone("Dan");
    const behaviour = { autoRead: true, autoReply: "later" };
    await harness.call("POST", `/phones/${cat}/behaviour`, behaviour);
    await harness.call("POST", `/phones/${dan}/behaviour`, behaviour);
    const id = await client.send(jid(cat), "are you there?");
    await client.text("later");
    await client.status(id, read);
    await harness.call("POST", `/phones/${cat}/messages`, { to: dan, text: "you?" });
    await harness.phoneMessage(cat, { from: dan, text: "later", status: "read" });
    expect(await harness.messages(dan)).toHaveLength(2);
  });

  test("a message for an offline phone is delivered when it comes online", async () => {
    const eve = await harness.phone("Eve");
    await harness.call("POST", `/phones/${eve}/behaviour`, { online: false });
    const id = await client.send(jid(eve), "wake up");
    expect(await harness.messages(eve)).toEqual([]);
    await harness.call("POST", `/phones/${eve}/behaviour`, { online: true });
    await client.status(id, delivered);
    expect(await harness.messages(eve)).toMatchObject([{ id, text: "wake up" }]);
  });
});

describe("two sessions", () => {
  test("that exchanged messages are notified of new and removed devices", async () => {
    const eve = await harness.phone("Eve");
    await client.send(jid(eve), "only your phone");
    const session = await harness.paired(eve);
    await client.send(jid(eve), "your session too");
    await session.text("your session too");
    const ownSecond = await harness.paired(ada);
    await client.send(jid(eve), "my other session too");
    const copy = await ownSecond.text("my other session too");
    expect(copy.key.fromMe).toBe(true);
    await harness.call("DELETE", `/phones/${eve}/linked-devices/1`);
    const id = await client.send(jid(eve), "only your phone again");
    expect(await harness.phoneMessage(eve, { id })).toMatchObject({ from: ada });
  });

  test("exchange messages, and the other devices of both accounts receive them", async () => {
    const benFirst = await harness.paired(ben);
    const benSecond = await harness.paired(ben);
    const adaSecond = await harness.paired(ada);
    const id = await adaSecond.send(jid(ben), "to all of Ben");
    await benFirst.text("to all of Ben");
    await benSecond.text("to all of Ben");
    await harness.phoneMessage(ben, { id });
    const copy = await client.text("to all of Ben");
    expect(copy.key).toMatchObject({ fromMe: true, remoteJid: jid(ben) });
    await adaSecond.receipt(id);
    await benFirst.send(jid(ada), "to all of Ada");
    await adaSecond.text("to all of Ada");
    await client.text("to all of Ada");
  });
});
