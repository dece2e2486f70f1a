import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

let server: Server;
let proxy: TcpProxy;
let accepted: Socket[];
beforeEach(async () => {
  accepted = [];
  // Echoes what it receives.
  server = createServer((socket) => {
    accepted.push(socket);
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port");
  proxy = await startTcpProxy({ host: "127.0.0.1", port: address.port });
});
afterEach(async () => {
  await proxy.stop();
  server.close();
});

async function open(): Promise<{ socket: Socket; text: () => string; closed: () => boolean }> {
  const socket = connect(proxy.port, "127.0.0.1");
  let text = "";
  let closed = false;
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  socket.on("close", () => (closed = true));
  socket.on("error", () => {});
  await once(socket, "connect");
  return { socket, text: () => text, closed: () => closed };
}

async function until(is: () => boolean): Promise<void> {
  while (!is()) await sleep(5);
}

test("a path that hangs delivers everything in order once it passes, and then the end", async () => {
  const client = await open();
  client.socket.write("1");
  await until(() => client.text() === "1");
  proxy.hang();
  client.socket.write("2");
  await sleep(50);
  client.socket.write("3");
  accepted[0]?.end("bye");
  await sleep(50);
  expect(client.text()).toBe("1");
  expect(client.closed()).toBe(false);
  proxy.pass();
  await until(() => client.closed());
  expect(client.text()).toBe("1bye");
});

test("a slow path delays every byte and never reorders, also when it becomes fast", async () => {
  const client = await open();
  proxy.slow(150);
  const startedAt = performance.now();
  client.socket.write("1");
  await sleep(50);
  proxy.slow(1);
  client.socket.write("2");
  await until(() => client.text() === "12");
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(149);
});

test("a half-open path closes one side only, and silences new connections", async () => {
  const client = await open();
  await until(() => accepted.length === 1);
  proxy.cutHalfOpen();
  await until(() => accepted[0]?.destroyed === true);
  client.socket.write("1");
  const late = await open();
  late.socket.write("2");
  await sleep(50);
  expect([client.closed(), client.text(), late.text()]).toEqual([false, "", ""]);
  proxy.pass();
  await until(() => client.closed() && late.text() === "2");
});

test("a frozen connection is silent while new ones work", async () => {
  const client = await open();
  proxy.freeze();
  client.socket.write("1");
  const late = await open();
  late.socket.write("2");
  await until(() => late.text() === "2");
  expect([client.closed(), client.text()]).toEqual([false, ""]);
  proxy.pass();
  await until(() => client.text() === "1");
});

test("a path that refuses closes all connections and every new one; a cut closes them once", async () => {
  const client = await open();
  proxy.refuse();
  await until(() => client.closed());
  const refused = await open();
  await until(() => refused.closed());
  proxy.pass();
  const cut = await open();
  proxy.cut();
  await until(() => cut.closed());
  const late = await open();
  late.socket.write("1");
  await until(() => late.text() === "1");
});
