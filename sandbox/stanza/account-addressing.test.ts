import {
  type BinaryNode,
  getBinaryNodeChild,
  getBinaryNodeChildBuffer,
  proto,
  S_WHATSAPP_NET,
} from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestClient } from "../testing/client.ts";
import { Harness } from "../testing/harness.ts";

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

const pn = (phone: string) => `${phone}@s.whatsapp.net`;

async function lid(phone: string): Promise<string> {
  const { body } = await harness.call("GET", `/phones/${phone}`);
  return String(body["lid"]);
}

/** A phone with a linked client, and the client-props that the client received. */
async function paired(migrated: boolean | null) {
  const phone = await harness.phone();
  await harness.call("POST", `/phones/${phone}/behaviour`, { addressing: { migrated } });
  const client = harness.client();
  const success = new Promise<BinaryNode>((resolve) => {
    client.socket.ws.once("CB:iq,,pair-success", resolve);
  });
  await harness.call("POST", `/phones/${phone}/scan`, { qr: await client.qr() });
  await client.open();
  const props = getBinaryNodeChildBuffer(
    getBinaryNodeChild(await success, "pair-success"),
    "client-props",
  );
  return { phone, client, props: props && proto.ClientPairingProps.decode(props).toJSON() };
}

/** Sends a text and returns the error of the ack. */
async function send(client: TestClient, to: string, text: string): Promise<string | undefined> {
  const sent = await client.socket.sendMessage(to, { text });
  const { attrs } = await client.ack(sent?.key.id ?? "");
  return attrs["error"];
}

async function abProp({ socket }: TestClient, code: string): Promise<string | undefined> {
  const answer = await socket.query({
    tag: "iq",
    attrs: { to: S_WHATSAPP_NET, xmlns: "abt", type: "get" },
    content: [{ tag: "props", attrs: { protocol: "1" } }],
  });
  const props = getBinaryNodeChild(answer, "props")?.content;
  const prop = Array.isArray(props) && props.find(({ attrs }) => attrs["config_code"] === code);
  return prop ? prop.attrs["config_value"] : undefined;
}

test("by default both address spaces are accepted", async () => {
  const { client, props } = await paired(null);
  const other = await harness.phone();
  expect(props).toBeUndefined();
  expect(await abProp(client, "9435")).toBeUndefined();
  expect(await send(client, pn(other), "by number")).toBeUndefined();
  expect(await send(client, await lid(other), "by LID")).toBeUndefined();
  await harness.phoneMessage(other, { text: "by LID" });
});

describe("a migrated account", () => {
  test("is announced by client-props and the AB prop", async () => {
    const { client, props } = await paired(true);
    expect(props).toEqual({ isChatDbLidMigrated: true });
    expect(await abProp(client, "9435")).toBe("1");
  });

  test("gets 463 for phone numbers, and its messages to LIDs arrive", async () => {
    const { phone, client } = await paired(true);
    const other = await harness.phone();
    expect(await send(client, pn(other), "by number")).toBe("463");
    expect(await send(client, await lid(other), "by LID")).toBeUndefined();
    await harness.phoneMessage(other, { text: "by LID" });
    expect(await harness.messages(other)).toMatchObject([{ from: phone, text: "by LID" }]);
  });

  test("may send to its own number", async () => {
    const { phone, client } = await paired(true);
    expect(await send(client, pn(phone), "note")).toBeUndefined();
    await harness.phoneMessage(phone, { text: "note" });
  });

  test("receives messages from LIDs, and receipts for what it sent", async () => {
    const { phone, client } = await paired(true);
    const other = await harness.phone();
    await harness.call("POST", `/phones/${other}/messages`, { to: phone, text: "hello" });
    const { key } = await client.text("hello");
    expect(key).toMatchObject({ remoteJid: await lid(other), remoteJidAlt: pn(other) });
    const sent = await client.socket.sendMessage(await lid(other), { text: "answer" });
    const receipt = await client.receipt(sent?.key.id ?? "");
    expect(receipt.attrs["from"]).toBe(await lid(other));
  });

  test("has the chats of its history under LIDs", async () => {
    const phone = await harness.phone();
    const other = await harness.phone();
    await harness.call("POST", `/phones/${phone}/behaviour`, { addressing: { migrated: true } });
    await harness.call("POST", `/phones/${phone}/messages`, { to: other, text: "old" });
    const client = await harness.paired(phone);
    const { chats, messages } = await client.history();
    expect(chats).toMatchObject([{ id: await lid(other) }]);
    expect(messages).toMatchObject([{ key: { remoteJid: await lid(other) } }]);
  });
});

describe("an unmigrated account", () => {
  test("is announced by client-props", async () => {
    const { client, props } = await paired(false);
    expect(props).toEqual({ isChatDbLidMigrated: false });
    expect(await abProp(client, "9435")).toBeUndefined();
  });

  test("gets 400 for LIDs, and its messages to phone numbers arrive", async () => {
    const { client } = await paired(false);
    const other = await harness.phone();
    expect(await send(client, await lid(other), "by LID")).toBe("400");
    expect(await send(client, pn(other), "by number")).toBeUndefined();
    await harness.phoneMessage(other, { text: "by number" });
    expect(await harness.messages(other)).toHaveLength(1);
  });

  test("receives messages of a migrated account from its phone number", async () => {
    const { phone, client } = await paired(false);
    const { phone: other } = await paired(true);
    await harness.call("POST", `/phones/${other}/messages`, { to: phone, text: "hello" });
    const { key } = await client.text("hello");
    expect(key).toMatchObject({ remoteJid: pn(other), remoteJidAlt: await lid(other) });
  });
});

test("the network's setting applies to phones that have none, and changes while they are linked", async () => {
  const { client } = await paired(null);
  const other = await harness.phone();
  expect(await send(client, pn(other), "before")).toBeUndefined();
  await harness.call("POST", "/behaviour", { addressing: { migrated: true } });
  expect(await send(client, pn(other), "after")).toBe("463");
  expect(await abProp(client, "9435")).toBe("1");
});
