import { randomBytes } from "node:crypto";
import type { BinaryNode } from "@whiskeysockets/baileys";
import { afterEach, expect, test } from "vitest";
import { TestSocket } from "../testing/test-socket.ts";

let opened: TestSocket;
afterEach(() => opened.close());

function message(id: string, from: string, more: Record<string, string> = {}): BinaryNode {
  return {
    tag: "message",
    attrs: { id, from, t: "1764000000", type: "text", ...more },
    content: [{ tag: "enc", attrs: { v: "2", type: "msg" }, content: randomBytes(60) }],
  };
}

/** Records the messages in the order in which they are decrypted; the decryption fails. */
async function open(): Promise<string[]> {
  const decrypted: string[] = [];
  opened = await TestSocket.open({
    handlers: {
      isStored: async (id) => {
        decrypted.push(id);
        return true;
      },
    },
  });
  return decrypted;
}

const answered = (id: string) =>
  opened.until(({ tag, attrs }) => tag === "receipt" && attrs["id"] === id);

test("the second message of a new contact waits for the first one, other chats do not", async () => {
  const decrypted = await open();
  const known = Promise.withResolvers<undefined>();
  // Baileys looks the contact up, because the first message names both of his addresses.
  opened.keys.beforeGet = (type) => (type === "lid-mapping" ? known.promise : undefined);
  opened.receive(message("1", "72220000001@lid", { sender_pn: "393330000001@s.whatsapp.net" }));
  opened.receive(message("2", "72220000001@lid"));
  opened.receive(message("3", "72220000002@lid"));
  await answered("3");
  expect(decrypted).toEqual(["3"]);
  known.resolve(undefined);
  await answered("2");
  expect(decrypted).toEqual(["3", "1", "2"]);
});

test("a live message waits for those of its chat that came while the session was offline", async () => {
  const decrypted = await open();
  const from = "72220000001@lid";
  for (const id of ["1", "2", "3"]) opened.receive(message(id, from, { offline: "0" }));
  opened.receive(message("4", from));
  await answered("3");
  await answered("4");
  expect(decrypted).toEqual(["1", "2", "3", "4"]);
});

test("a message that still waits when the connection closes is left to the next connection", async () => {
  const decrypted = await open();
  const known = Promise.withResolvers<undefined>();
  opened.keys.beforeGet = (type) => (type === "lid-mapping" ? known.promise : undefined);
  const from = "72220000001@lid";
  opened.receive(message("1", from, { sender_pn: "393330000001@s.whatsapp.net" }));
  opened.receive(message("2", from));
  const closed = new Promise((resolve) => opened.socket.ws.once("close", resolve));
  opened.drop();
  await closed;
  known.resolve(undefined);
  // Both would have been decrypted by then.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  await expect.poll(() => decrypted).toEqual(["1"]);
});
