import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Hono } from "hono";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defaultHttpLimits } from "./limits.ts";
import { listen, type Listening } from "./listen.ts";

let server: Listening;

beforeAll(async () => {
  const app = new Hono();
  app.get("/health", (c) => c.text("ok"));
  app.post("/refuse", (c) => c.text("no", 401));
  server = await listen(app, {
    port: 0,
    host: "127.0.0.1",
    limits: {
      ...defaultHttpLimits,
      headersTimeout: 200,
      requestTimeout: 400,
      connectionsCheckingInterval: 50,
      linger: 200,
    },
  });
});

afterAll(() => server.stop());

function open(): { socket: Socket; answer: Promise<string> } {
  const socket = connect(server.port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => {
    socket.on("close", resolve);
  });
  return { socket, answer: closed.then(() => text) };
}

test("a client that sends its headers too slowly is disconnected", async () => {
  const { socket, answer } = open();
  socket.write("GET /health HTTP/1.1\r\nHost: x\r\n");
  const trickle = setInterval(() => socket.write("X-More: 1\r\n"), 50);
  // Whoever still writes may see the close before the answer.
  expect(await answer).toMatch(/^(HTTP\/1.1 408 Request Timeout|$)/);
  clearInterval(trickle);
});

test("a request that is answered before its body was read gets the answer and is cut off", async () => {
  const { socket, answer } = open();
  const announced = 100_000_000;
  socket.write(`POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: ${announced}\r\n\r\n`);
  const chunk = Buffer.alloc(64_000);
  const write = () => {
    while (!socket.destroyed && socket.bytesWritten < announced && socket.write(chunk));
  };
  socket.on("drain", write);
  write();
  expect(await answer).toContain("401");
  // Nothing of it was read beyond what the operating system buffers.
  expect(socket.bytesWritten).toBeLessThan(20_000_000);
});

test("a connection is used again after a request that was read", async () => {
  const { socket } = open();
  for (let count = 0; count < 2; count++) {
    socket.write("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toContain("200 OK");
  }
  socket.destroy();
});
