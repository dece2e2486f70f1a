import type { BinaryNode } from "@whiskeysockets/baileys";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AddressSpace } from "./address-space.ts";
import { encodeText } from "./content.ts";
import { MessageSender } from "./message-sender.ts";
import { Contact } from "./testing/contact.ts";
import { pairedCredentials, TestSocket } from "./testing/test-socket.ts";

let opened: TestSocket;
let contact: Contact;
let sender: MessageSender;
const acks: [string, string | undefined][] = [];
const learnt: AddressSpace[] = [];

async function open(addressing?: AddressSpace): Promise<void> {
  const credentials = {
    ...pairedCredentials(),
    ...(addressing === undefined ? {} : { addressing }),
  };
  opened = await TestSocket.open({ credentials });
  contact = new Contact();
  await contact.meet(opened);
  sender = new MessageSender({
    socket: opened.socket,
    keys: opened.keys,
    currentSend: opened.currentSend,
    credentials,
    log: pino({ level: "silent" }),
    onAddressing: (space) => learnt.push(space),
    onAck: (id, code) => acks.push([id, code]),
  });
}

beforeEach(() => {
  acks.length = 0;
  learnt.length = 0;
});
afterEach(() => opened.close());

const isMessage = ({ tag }: BinaryNode) => tag === "message";
const content = Buffer.from(encodeText("hello")).toString("base64");

const send = (to: string, waMessageId = "1") =>
  sender.send({ to, waMessageId, content, intentCommitted: Promise.resolve() });

/** The addresses that messages went to, when there are so many. */
async function addresses(count: number): Promise<(string | undefined)[]> {
  await expect.poll(() => opened.sent.filter(isMessage).length).toBe(count);
  await opened.settled();
  return opened.sent.filter(isMessage).map(({ attrs }) => attrs["to"]);
}

test.each([
  ["lid", "jid", "lid"],
  ["lid", "lid", "lid"],
  ["phone", "lid", "jid"],
  ["phone", "jid", "jid"],
  [undefined, "jid", "jid"],
  [undefined, "lid", "lid"],
] as const)(
  "an account that uses %s sends a message for a %s to the %s",
  async (space, to, sentTo) => {
    await open(space);
    await send(contact[to]);
    expect(await addresses(1)).toEqual([contact[sentTo]]);
  },
);

test("463 for a phone number is corrected once, under the same id, and remembered", async () => {
  await open();
  await send(contact.jid);
  sender.acknowledge("1", "463");
  expect(await addresses(2)).toEqual([contact.jid, contact.lid]);
  expect(new Set(opened.sent.filter(isMessage).map(({ attrs }) => attrs["id"]))).toEqual(
    new Set(["1"]),
  );
  expect(acks).toEqual([]);
  sender.acknowledge("1", undefined);
  expect(acks).toEqual([["1", undefined]]);
  expect(learnt).toEqual(["lid"]);
});

test("400 for a LID is corrected to the phone number", async () => {
  await open("lid");
  await send(contact.jid);
  sender.acknowledge("1", "400");
  expect(await addresses(2)).toEqual([contact.lid, contact.jid]);
  sender.acknowledge("1", undefined);
  expect(acks).toEqual([["1", undefined]]);
  expect(learnt).toEqual(["phone"]);
});

test("463 in both spaces is a refusal, and so is 463 for a LID at once", async () => {
  await open();
  await send(contact.jid);
  sender.acknowledge("1", "463");
  await addresses(2);
  sender.acknowledge("1", "463");
  expect(acks).toEqual([["1", "463"]]);
  await send(contact.lid, "2");
  sender.acknowledge("2", "463");
  await addresses(3);
  expect(acks.at(-1)).toEqual(["2", "463"]);
  expect(learnt).toEqual([]);
});

test("an account that proved not to be migrated gets no second try for 463", async () => {
  await open();
  await send(contact.jid);
  sender.acknowledge("1", "463");
  await addresses(2);
  sender.acknowledge("1", "400");
  expect(acks).toEqual([["1", "463"]]);
  expect(learnt).toEqual(["phone"]);
  await send(contact.jid, "2");
  sender.acknowledge("2", "463");
  expect(acks.at(-1)).toEqual(["2", "463"]);
  expect(await addresses(3)).toEqual([contact.jid, contact.lid, contact.jid]);
});

test("any other refusal is reported at once", async () => {
  await open();
  await send(contact.jid);
  sender.acknowledge("1", "479");
  expect(acks).toEqual([["1", "479"]]);
});
