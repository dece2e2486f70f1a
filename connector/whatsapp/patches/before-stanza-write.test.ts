import type { BinaryNode } from "@whiskeysockets/baileys";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { encodeText, decodeContent } from "../content.ts";
import { SendBarrier } from "../send-barrier.ts";
import { Contact } from "../testing/contact.ts";
import { TestSocket } from "../testing/test-socket.ts";

let opened: TestSocket;
let contact: Contact;

beforeEach(async () => {
  opened = await TestSocket.open();
  contact = new Contact();
  await contact.meet(opened);
});
afterEach(() => opened.close());

const content = decodeContent(Buffer.from(encodeText("hello")).toString("base64"));
const isMessage = ({ tag }: BinaryNode) => tag === "message";

function send(intentCommitted: Promise<unknown>): Promise<string> {
  const barrier = new SendBarrier({ intentCommitted, exclusive: false });
  return opened.currentSend.run(barrier, () =>
    opened.socket.relayMessage(contact.jid, content, { messageId: "3EB01" }),
  );
}

test("a message waits at the last key that Baileys reads for it, encrypted for every device", async () => {
  const committed = Promise.withResolvers<undefined>();
  const { calls } = opened.keys;
  calls.length = 0;
  const sending = send(committed.promise);
  await vi.waitFor(() => expect(calls).toContain("set session"));
  await opened.settled();
  expect(opened.sent.filter(isMessage)).toEqual([]);

  const waitedAt = calls.length;
  committed.resolve(undefined);
  await sending;
  const [participants] = (await opened.until(isMessage)).content as BinaryNode[];
  expect(participants?.content).toMatchObject([{ tag: "to", attrs: { jid: contact.jid } }]);
  expect(calls.slice(waitedAt, waitedAt + 2)).toEqual(["get tctoken", "write"]);
});

test("nothing leaves when what must be stored before cannot be stored", async () => {
  await expect(send(Promise.reject(new Error("refused")))).rejects.toThrow("refused");
  await opened.settled();
  expect(opened.sent.filter(isMessage)).toEqual([]);
});
