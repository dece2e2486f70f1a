import { makeWASocket, type BinaryNode } from "@whiskeysockets/baileys";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { me, pairedCredentials, TestSocket } from "../testing/test-socket.ts";

let opened: TestSocket;
afterEach(() => opened.close());

const presences = () => opened.sent.filter(({ tag }: BinaryNode) => tag === "presence");

test("a change of the credentials sends no presence", async () => {
  const credentials = pairedCredentials();
  opened = await TestSocket.open({ credentials });
  opened.socket.ev.emit("creds.update", { nextPreKeyId: 7 });
  await opened.settled();
  expect(presences()).toEqual([]);
  expect(credentials).toMatchObject({ nextPreKeyId: 7, me });
});

test("a new name is sent, as unavailable", async () => {
  const credentials = pairedCredentials();
  opened = await TestSocket.open({ credentials });
  opened.socket.ev.emit("creds.update", { me: { ...me, name: "Acme @ work" } });
  await opened.settled();
  expect(presences()).toMatchObject([{ attrs: { name: "Acme  work", type: "unavailable" } }]);
  expect(credentials.me?.name).toBe("Acme @ work");
});

test("Baileys still sends it; without this the patch can go", async () => {
  opened = await TestSocket.open({
    open: ({ target, credentials }) =>
      makeWASocket({
        ...(target.network === "sandbox" ? { waWebSocketUrl: target.url } : {}),
        auth: { creds: credentials, keys: { get: async () => ({}), set: async () => undefined } },
        logger: pino({ level: "silent" }),
      }),
  });
  opened.socket.ev.emit("creds.update", { nextPreKeyId: 7 });
  await opened.settled();
  expect(presences()).toMatchObject([{ attrs: {} }]);
});
