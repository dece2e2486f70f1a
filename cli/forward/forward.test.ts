import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { verifyWebhook } from "../../client/index.ts";
import { forward, parseTarget } from "./forward.ts";
import { sampleEvent, sampleTypes } from "./sample-event.ts";

const secret = "whsec_dGhpcnR5LXR3byBjaGFyYWN0ZXJzIG9mIHNlY3JldA==";
const event = { id: "evt_1", type: "message.received", seq: 1 };
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function serve(
  answer: (attempt: number, response: ServerResponse, request: IncomingMessage) => void,
) {
  const attempts: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      await verifyWebhook(body, request.headers, secret);
      attempts.push(String(request.headers["x-webhook-attempt"]));
      answer(attempts.length, response, request);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { attempts, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

test("an event is posted with a valid signature", async () => {
  const { attempts, url } = await serve((_, response) => response.writeHead(204).end());
  expect(await forward(event, { url, secret })).toMatchObject({
    status: 204,
    error: null,
    attempts: 1,
  });
  expect(attempts).toEqual(["1"]);
});

test("an error, a cut and a redirect are tried again, and then reported", async () => {
  const { attempts, url } = await serve((attempt, response, request) => {
    if (attempt === 1) response.writeHead(500).end();
    else if (attempt === 2) request.socket.destroy();
    else response.writeHead(302, { location: "http://127.0.0.1:1" }).end();
  });
  const retryDelaysMs = [1, 1];
  expect(await forward(event, { url, secret, retryDelaysMs })).toMatchObject({
    status: 302,
    error: "answered 302",
    attempts: 3,
  });
  expect(attempts).toEqual(["1", "2", "3"]);
  const refused = await forward(event, { url: "http://127.0.0.1:9", secret, retryDelaysMs: [] });
  expect(refused).toMatchObject({ status: null, error: expect.stringMatching(/./), attempts: 1 });
});

test("a server that hangs is left when the user stops", async () => {
  const aborter = new AbortController();
  const { url } = await serve(() => aborter.abort(new Error("Interrupted")));
  const forwarding = forward(event, { url, secret, signal: aborter.signal });
  await expect(forwarding).rejects.toThrow("Interrupted");
});

test("localhost:4000 is a target, a path is not", () => {
  expect(parseTarget("localhost:4000/hook")).toBe("http://localhost:4000/hook");
  expect(() => parseTarget("")).toThrow(TypeError);
  expect(() => parseTarget("a b")).toThrow(TypeError);
});

test("there is a sample of every type, signed and named like a real one", () => {
  for (const type of sampleTypes) {
    expect(sampleEvent(type, "Hi")).toMatchObject({
      id: expect.stringMatching(/^evt_[0-9a-f]{32}$/),
      type,
      seq: 0,
      data: {},
    });
  }
  expect(sampleEvent("message.received", "Hi")).toMatchObject({ data: { message: "Hi" } });
  expect(sampleEvent("nothing", "")).toBeUndefined();
});
