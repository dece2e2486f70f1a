import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { WhatsAppClient } from "../client.ts";
import type { WhatsAppEvent } from "../types.generated.ts";

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** A server of streams; `serve` gets the number of the connection. */
async function streamServer(
  serve: (connection: number, response: ServerResponse, request: IncomingMessage) => void,
) {
  const positions: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    positions.push(request.headers["last-event-id"] as string | undefined);
    serve(positions.length, response, request);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const baseUrl = `http://127.0.0.1:${port}`;
  return { positions, whatsapp: new WhatsAppClient({ apiKey: "k", baseUrl }) };
}

const open = (response: ServerResponse, position?: number) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(`retry: 1\n${position === undefined ? "" : `id: ${position}\n`}: connected\n\n`);
};
const event = (seq: number) =>
  `id: ${seq}\nevent: message.received\ndata: ${JSON.stringify({ type: "message.received", seq, data: { text: "Ciao 👋" } })}\n\n`;

async function take(stream: AsyncIterable<WhatsAppEvent>, count: number): Promise<WhatsAppEvent[]> {
  const events: WhatsAppEvent[] = [];
  for await (const one of stream) {
    events.push(one);
    if (events.length === count) break;
  }
  return events;
}

test("a stream goes on over dropped connections, without a gap or a repetition", async () => {
  let last = 0;
  const drops: unknown[] = [];
  const { positions, whatsapp } = await streamServer((_, response, request) => {
    const after = Number(request.headers["last-event-id"] ?? 0);
    open(response, after);
    // Repeats the last event, as a server could, and cuts in the middle of the next but one.
    const text = event(after) + event(after + 1) + event(after + 2);
    response.write(Buffer.from(text).subarray(0, -20), () => response.destroy());
    last = after + 1;
  });
  const stream = whatsapp.streamEvents({ lastEventId: 0, onDrop: (error) => drops.push(error) });
  const events = await take(stream, 10);
  expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(positions).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  expect(drops).toHaveLength(9);
  expect(last).toBe(10);
  expect(events[0]?.data).toEqual({ text: "Ciao 👋" });
});

test("a drop before the first event resumes where the stream began", async () => {
  const { positions, whatsapp } = await streamServer((connection, response) => {
    open(response, 41);
    if (connection === 1) setImmediate(() => response.destroy());
    else response.write(event(42));
  });
  await take(whatsapp.streamEvents(), 1);
  expect(positions).toEqual([undefined, "41"]);
});

test("an event that was not handed out yet is asked for again; one that was is not", async () => {
  const { whatsapp, positions } = await streamServer((connection, response) => {
    open(response);
    if (connection === 1) response.end(event(1) + event(2));
    else response.write(event(3));
  });
  expect(await take(whatsapp.streamEvents(), 3)).toMatchObject([
    { seq: 1 },
    { seq: 2 },
    { seq: 3 },
  ]);
  expect(positions).toEqual([undefined, "2"]);
});

test("a connection on which nothing comes is replaced", async () => {
  const { positions, whatsapp } = await streamServer((connection, response) => {
    open(response, 7);
    if (connection === 2) response.write(event(8));
  });
  const stream = whatsapp.streamEvents({ idleTimeoutMs: 50 });
  expect(await take(stream, 1)).toMatchObject([{ seq: 8 }]);
  expect(positions).toEqual([undefined, "7"]);
});

test("a slow consumer is not mistaken for a silent server", async () => {
  const { positions, whatsapp } = await streamServer((_, response) => {
    open(response, 0);
    response.write(event(1) + event(2));
  });
  const stream = whatsapp.streamEvents({ idleTimeoutMs: 100 });
  await stream.next();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await stream.next()).toMatchObject({ value: { seq: 2 } });
  expect(positions).toHaveLength(1);
  await stream.return();
});

test("429 and 503 are waited out, a refusal ends the iteration", async () => {
  const problem = (response: ServerResponse, status: number, code: string) =>
    response
      .writeHead(status, { "content-type": "application/problem+json", "retry-after": "0" })
      .end(JSON.stringify({ status, code, detail: "What to do" }));
  const { whatsapp } = await streamServer((connection, response) => {
    if (connection === 1) problem(response, 429, "too_many_streams");
    else if (connection === 2) problem(response, 503, "database_unavailable");
    else if (connection === 3) {
      open(response);
      response.end(event(1));
    } else problem(response, 401, "unauthorized");
  });
  const stream = whatsapp.streamEvents();
  expect(await stream.next()).toMatchObject({ value: { seq: 1 } });
  await expect(stream.next()).rejects.toMatchObject({ code: "unauthorized", status: 401 });
});

test("a bound on the retries ends the iteration", async () => {
  const whatsapp = new WhatsAppClient({ apiKey: "k", baseUrl: "http://127.0.0.1:9" });
  const stream = whatsapp.streamEvents({ maxRetries: 1 });
  await expect(stream.next()).rejects.toMatchObject({ name: "ConnectionError" });
});

test("a signal ends it while it waits, and before it began", async () => {
  const { whatsapp } = await streamServer((_, response) => open(response));
  const aborter = new AbortController();
  const stream = whatsapp.streamEvents({
    signal: aborter.signal,
    onOpen: () => aborter.abort(new Error("enough")),
  });
  await expect(stream.next()).rejects.toThrow("enough");
  const aborted = whatsapp.streamEvents({ signal: aborter.signal });
  await expect(aborted.next()).rejects.toThrow("enough");
});

test("breaking out of the loop closes the connection", async () => {
  const { whatsapp } = await streamServer((_, response) => {
    closed = once(response, "close");
    open(response);
    response.write(event(1));
  });
  let closed: Promise<unknown> | undefined;
  await take(whatsapp.streamEvents(), 1);
  await closed;
  expect(closed).toBeDefined();
});

test("an event that is too long, and what is no event stream, end the iteration with an error", async () => {
  const { whatsapp } = await streamServer((connection, response) => {
    if (connection === 1) {
      open(response);
      response.write("x".repeat(5_000));
    } else response.writeHead(200, { "content-type": "text/html" }).end("<html>");
  });
  const long = whatsapp.streamEvents({ maxEventLength: 1_000 });
  await expect(long.next()).rejects.toThrow("Raise maxEventLength");
  await expect(whatsapp.streamEvents().next()).rejects.toThrow("not an event stream");
});
