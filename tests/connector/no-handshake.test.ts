import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { Stack } from "./stack.ts";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Starts a session on a network that is this server; resolves when it was tried this often. */
async function tried(server: Server, event: string, times: number): Promise<number> {
  let seen = 0;
  const enough = Promise.withResolvers<number>();
  server.on(event, () => {
    seen += 1;
    if (seen === times) enough.resolve(seen);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const stack = await Stack.start();
  stops.push(
    () => stack.stop(),
    async () => server.close().closeAllConnections(),
  );
  await stack.startConnector(
    { silenceMs: 300, watchEveryMs: 50 },
    { SANDBOX_WS_URL: `ws://127.0.0.1:${port}/` },
  );
  await stack.createSession("stuck");
  return enough.promise;
}

test("a server that takes the connection and says nothing is given up and tried again", async () => {
  const silent = createServer();
  silent.on("upgrade", () => undefined);
  expect(await tried(silent, "upgrade", 2)).toBe(2);
});

test("a server that never answers the first words of the protocol is given up and tried again", async () => {
  const server = createServer();
  const silent = new WebSocketServer({ server });
  stops.push(async () => {
    for (const socket of silent.clients) socket.terminate();
  });
  expect(await tried(server, "upgrade", 2)).toBe(2);
});
