import type { BinaryNode } from "@whiskeysockets/baileys";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DatabaseError } from "../../database/database.ts";
import { decodeContent, encodeText } from "../content.ts";
import { SendBarrier } from "../send-barrier.ts";
import { Contact } from "../testing/contact.ts";
import { TestSocket } from "../testing/test-socket.ts";

let opened: TestSocket;
let contact: Contact;
const stored = new Set<string>();

beforeEach(async () => {
  stored.clear();
  opened = await TestSocket.open({ handlers: { isStored: async (id) => stored.has(id) } });
  contact = new Contact();
  await contact.meet(opened);
  opened.keys.commits.length = 0;
});
afterEach(() => opened.close());

const isReceipt = ({ tag }: BinaryNode) => tag === "receipt";
const receiptOf = (id: string) =>
  opened.until((node) => isReceipt(node) && node.attrs["id"] === id);

const storedIds = () =>
  opened.keys.commits.flatMap(({ items }) =>
    items.map((item) => (item.kind === "message" ? item.wa_message_id : "")),
  );

function damaged(stanza: BinaryNode): BinaryNode {
  const [enc] = Array.isArray(stanza.content) ? stanza.content : [];
  const content = Uint8Array.from(enc?.content instanceof Uint8Array ? enc.content : []);
  content[content.length - 1] = (content.at(-1) ?? 0) ^ 1;
  return { ...stanza, content: [{ tag: "enc", attrs: enc?.attrs ?? {}, content }] };
}

test("a message is stored in the commit that advances its ratchet, before its receipt is sent", async () => {
  const committed = Promise.withResolvers<undefined>();
  opened.keys.beforeCommit = ({ items }) => (items.length > 0 ? committed.promise : undefined);
  opened.receive(await contact.write("1", "hello"));
  await vi.waitFor(() => expect(opened.keys.calls).toContain("set session"));
  await opened.settled();
  expect(opened.sent.filter(isReceipt)).toEqual([]);

  committed.resolve(undefined);
  expect((await receiptOf("1")).attrs["type"]).not.toBe("retry");
  const [commit] = opened.keys.commits.filter(({ items }) => items.length > 0);
  expect(commit?.items).toMatchObject([
    { wa_message_id: "1", direction: "in", text: "hello", chat_id: contact.jid },
  ]);
  expect(commit?.keys.map(({ type }) => type)).toContain("session");
});

test("a stored message that comes again gets its receipt, one that is not stored is requested again", async () => {
  const stanza = await contact.write("1", "hello");
  opened.receive(stanza);
  await receiptOf("1");
  opened.sent.length = 0;

  stored.add("1");
  opened.receive({ ...stanza });
  expect((await receiptOf("1")).attrs["type"]).not.toBe("retry");
  opened.sent.length = 0;

  stored.clear();
  opened.receive({ ...stanza });
  expect((await receiptOf("1")).attrs["type"]).toBe("retry");
});

test("a session that a send changes is committed before the message leaves", async () => {
  const committed = Promise.withResolvers<undefined>();
  opened.keys.beforeCommit = ({ keys }) =>
    keys.some(({ type }) => type === "session") ? committed.promise : undefined;
  const barrier = new SendBarrier({ intentCommitted: Promise.resolve(), exclusive: true });
  opened.keys.calls.length = 0;
  const sending = opened.currentSend.run(barrier, () =>
    opened.socket.relayMessage(
      contact.jid,
      decodeContent(Buffer.from(encodeText("hello")).toString("base64")),
      { messageId: "3EB01" },
    ),
  );
  await vi.waitFor(() => expect(opened.keys.calls).toContain("set session"));
  await opened.settled();
  expect(opened.sent.some(({ tag }) => tag === "message")).toBe(false);
  committed.resolve(undefined);
  await sending;
  expect(opened.keys.commits.flatMap(({ keys }) => keys.map(({ type }) => type))).toEqual([
    "session",
  ]);
});

test("a send keeps a session that is open, a retry request replaces it", async () => {
  const { signalRepository } = opened.socket;
  const baseKey = async () => (await signalRepository.getSessionInfo(contact.jid))?.baseKey;
  const before = await baseKey();
  const inject = async () =>
    signalRepository.injectE2ESession({ jid: contact.jid, session: await contact.bundle() });
  const barrier = new SendBarrier({ intentCommitted: Promise.resolve(), exclusive: true });
  await opened.currentSend.run(barrier, inject);
  expect(await baseKey()).toEqual(before);
  await inject();
  expect(await baseKey()).not.toEqual(before);
});

test("the repository of Baileys has the methods that were known when this was written", () => {
  // A new one may change sessions too: see whether it needs the locks and commits of the others.
  expect(Object.keys(opened.socket.signalRepository).toSorted()).toEqual([
    "close",
    "decryptGroupMessage",
    "decryptMessage",
    "deleteSession",
    "encryptGroupMessage",
    "encryptMessage",
    "getSenderKeyDistributionMessage",
    "getSessionInfo",
    "hasSenderKey",
    "injectE2ESession",
    "jidToSignalProtocolAddress",
    "lidMapping",
    "migrateSession",
    "processSenderKeyDistributionMessage",
    "validateSession",
  ]);
});

test("later messages of a chat wait for the second copy of one that could not be decrypted", async () => {
  const [first, second] = [await contact.write("1", "one"), await contact.write("2", "two")];
  opened.receive(damaged(first));
  opened.receive(second);
  expect((await receiptOf("1")).attrs["type"]).toBe("retry");
  await opened.settled();
  expect(storedIds()).toEqual([]);
  opened.sent.length = 0;

  opened.receive(first);
  await receiptOf("2");
  expect(storedIds()).toEqual(["1", "2"]);
});

test("a message that a closed connection is still decrypting is not decrypted by the next one too", async () => {
  const closed = opened;
  const [first, second] = [await contact.write("1", "one"), await contact.write("2", "two")];
  const isRead = Promise.withResolvers<undefined>();
  const mayGoOn = Promise.withResolvers<undefined>();
  opened.keys.afterGet = (type) => {
    if (type !== "session") return undefined;
    isRead.resolve(undefined);
    return mayGoOn.promise;
  };
  closed.receive(first);
  await isRead.promise;
  closed.keys.afterGet = () => undefined;

  opened = await TestSocket.open({
    after: closed,
    handlers: { isStored: async (id) => storedIds().includes(id) },
  });
  await closed.close();
  opened.receive({ ...first });
  opened.receive(second);
  await opened.settled();
  expect(storedIds()).toEqual([]);

  mayGoOn.resolve(undefined);
  expect((await receiptOf("2")).attrs["type"]).not.toBe("retry");
  expect(storedIds()).toEqual(["1", "2"]);
});

test.each([
  ["a key cannot be read", "get"],
  ["the message cannot be stored", "commit"],
] as const)(
  "when %s, the connection closes and requests nothing again",
  async (_fault, operation) => {
    const unavailable = () =>
      Promise.reject(new DatabaseError("The database did not answer", { code: "" }));
    if (operation === "commit") opened.keys.beforeCommit = unavailable;
    else opened.keys.afterGet = (type) => (type === "session" ? unavailable() : undefined);
    const closed = new Promise((resolve) => opened.socket.ws.once("close", resolve));
    opened.receive(await contact.write("1", "one"));
    opened.receive(await contact.write("2", "two"));
    await closed;
    expect(opened.sent.filter(isReceipt)).toEqual([]);
    expect(opened.sent.filter(({ tag }) => tag === "ack")).toEqual([]);
  },
);
