import { afterEach, beforeEach, expect, test } from "vitest";
import { newCredentials } from "../auth-state.ts";
import { TestSocket } from "../testing/test-socket.ts";

let opened: TestSocket;
let stored: PromiseWithResolvers<void>;

beforeEach(async () => {
  stored = Promise.withResolvers();
  opened = await TestSocket.open({
    credentials: newCredentials(),
    handlers: { onPaired: () => stored.promise },
  });
});
afterEach(() => opened.close());

async function write(id: string): Promise<void> {
  await opened.socket.sendNode({ tag: "iq", attrs: { id } });
}

test("what is written after a pairing waits until it is stored, and keeps its order", async () => {
  await write("before");
  opened.socket.ev.emit("connection.update", { isNewLogin: true });
  const written = [write("reply"), write("next")];
  await opened.until((node) => node.attrs["id"] === "before");
  await new Promise((resolve) => setImmediate(resolve));
  expect(opened.sent.map((node) => node.attrs["id"])).toEqual(["before"]);
  stored.resolve();
  await Promise.all(written);
  await opened.until((node) => node.attrs["id"] === "next");
  expect(opened.sent.map((node) => node.attrs["id"])).toEqual(["before", "reply", "next"]);
});

test("a pairing that cannot be stored is not confirmed", async () => {
  const closed = new Promise<void>((resolve) => {
    opened.socket.ev.on("connection.update", ({ connection }) => {
      if (connection === "close") resolve();
    });
  });
  opened.socket.ev.emit("connection.update", { isNewLogin: true });
  write("reply").catch(() => undefined);
  stored.reject(new Error("no database"));
  await closed;
  expect(opened.sent).toEqual([]);
});
