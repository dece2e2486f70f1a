import type { BinaryNode } from "@whiskeysockets/baileys";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { decodeContent, encodeText } from "../content.ts";
import { SendBarrier } from "../send-barrier.ts";
import { Contact } from "../testing/contact.ts";
import { TestSocket } from "../testing/test-socket.ts";
import { RecentRecipients } from "./concurrent-sends.ts";

let opened: TestSocket;
const contacts = [new Contact("393330000001"), new Contact("393330000002")] as const;

beforeEach(async () => {
  opened = await TestSocket.open();
  for (const contact of contacts) await contact.meet(opened);
});
afterEach(() => opened.close());

const content = decodeContent(Buffer.from(encodeText("hello")).toString("base64"));
const isMessage = ({ tag }: BinaryNode) => tag === "message";

/** Sends two messages to two contacts; the first may leave when so many are encrypted. */
async function expectEncryptedBeforeFirstLeft({
  exclusive,
  encrypted,
}: {
  exclusive: boolean;
  encrypted: number;
}) {
  const firstCommitted = Promise.withResolvers<undefined>();
  const { calls } = opened.keys;
  calls.length = 0;
  const commits = [firstCommitted.promise, Promise.resolve()];
  const sends = contacts.map(({ jid }, index) =>
    opened.currentSend.run(
      new SendBarrier({ intentCommitted: commits[index] ?? Promise.resolve(), exclusive }),
      () => opened.socket.relayMessage(jid, content, { messageId: String(index + 1) }),
    ),
  );
  const count = () => calls.filter((call) => call === "set session").length;
  await vi.waitFor(() => expect(count()).toBe(encrypted));
  await opened.settled();
  expect(count()).toBe(encrypted);
  firstCommitted.resolve(undefined);
  await Promise.all(sends);
  await opened.until(({ attrs }) => attrs["id"] === "2");
  expect(opened.sent.filter(isMessage).map(({ attrs }) => attrs["id"])).toEqual(["1", "2"]);
}

test("a message to a recent recipient is encrypted while an earlier one waits for its commit", async () => {
  await expectEncryptedBeforeFirstLeft({ exclusive: false, encrypted: 2 });
});

test("any other message is encrypted after the earlier one left", async () => {
  await expectEncryptedBeforeFirstLeft({ exclusive: true, encrypted: 1 });
});

test("a recipient is recent after a message, a group never is", () => {
  const recent = new RecentRecipients();
  recent.add(contacts[0].jid);
  recent.add("120363000000000001@g.us");
  expect(recent.has(contacts[0].jid)).toBe(true);
  expect(recent.has("120363000000000001@g.us")).toBe(false);
});
