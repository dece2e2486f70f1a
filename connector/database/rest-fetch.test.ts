import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { createClient } from "@supabase/supabase-js";
import { afterEach, expect, test } from "vitest";
import { restFetch } from "./rest-fetch.ts";

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function listen(answer: RequestListener) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  stops.push(close);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createClient(url, "a-key", { global: { fetch: restFetch(url) } });
  return { url, client, server, close };
}

test("a call carries its headers and its arguments, and gets the answer", async () => {
  const { client } = await listen((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      const { method, url, headers } = request;
      const { apikey, authorization } = headers;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ method, url, apikey, authorization, body }));
    });
  });
  expect(await client.rpc("greet", { name: "Zoë ☎" })).toMatchObject({
    error: null,
    status: 200,
    data: {
      method: "POST",
      url: "/rest/v1/rpc/greet",
      apikey: "a-key",
      authorization: "Bearer a-key",
      body: '{"name":"Zoë ☎"}',
    },
  });
});

test("calls one after the other share a connection", async () => {
  const { client, server } = await listen((_, response) => response.end("1"));
  let connections = 0;
  server.on("connection", () => (connections += 1));
  for (let call = 0; call < 5; call++) await client.rpc("count");
  expect(connections).toBe(1);
});

test("a count is read from the answer's headers", async () => {
  const { client } = await listen((_, response) => {
    response.setHeader("Content-Range", "0-0/41");
    response.end("[]");
  });
  expect(await client.from("things").select("*", { count: "exact" })).toMatchObject({ count: 41 });
});

test("an answer of megabytes, with letters cut across its chunks, comes whole", async () => {
  const long = "è☎".repeat(1_000_000);
  const { client } = await listen((_, response) => {
    const bytes = Buffer.from(JSON.stringify(long));
    response.write(bytes.subarray(0, 1_000_002));
    setImmediate(() => response.end(bytes.subarray(1_000_002)));
  });
  const { data } = await client.rpc("long");
  expect(data === long).toBe(true);
});

test("an answer without a body is no mistake", async () => {
  const { client } = await listen((_, response) => response.writeHead(204).end());
  expect(await client.rpc("nothing")).toMatchObject({ data: null, error: null, status: 204 });
});

test("an error of the database keeps its code and status", async () => {
  const { client } = await listen((_, response) =>
    response.writeHead(409).end('{"code":"23505","message":"twice"}'),
  );
  expect(await client.rpc("insert")).toMatchObject({
    status: 409,
    error: { code: "23505", message: "twice" },
  });
});

test("nobody listening is told as the built-in fetch tells it", async () => {
  const { client, close } = await listen(() => undefined);
  close();
  const { error, status } = await client.rpc("greet");
  expect({ status, message: error?.message }).toEqual({
    status: 0,
    message: "TypeError: fetch failed",
  });
});

test("an answer that breaks off is an error, not a short answer", async () => {
  const { client } = await listen((request, response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write("{", () => request.socket.destroy());
  });
  expect(await client.rpc("greet")).toMatchObject({ data: null, status: 0 });
});

test("a call that takes too long ends when its time is over, and ends its connection", async () => {
  const gone = Promise.withResolvers<undefined>();
  const { client } = await listen((_, response) => {
    response.on("close", () => gone.resolve(undefined));
  });
  const { error } = await client.rpc("wait").abortSignal(AbortSignal.timeout(50));
  expect(error?.message).toMatch(/^TimeoutError/);
  await gone.promise;
});

test("a call that takes too long in the middle of its answer ends too", async () => {
  const { client } = await listen((_, response) => void response.write("["));
  const { error } = await client.rpc("wait").abortSignal(AbortSignal.timeout(50));
  expect(error?.message).toMatch(/^TimeoutError/);
});

test("a call that was given up before it was made is not made", async () => {
  let asked = 0;
  const { client } = await listen((_, response) => {
    asked += 1;
    response.end("1");
  });
  const { error } = await client.rpc("greet").abortSignal(AbortSignal.abort());
  expect({ asked, message: error?.message }).toMatchObject({
    asked: 0,
    message: expect.stringMatching(/^AbortError/),
  });
});

test("what is not a call of the database takes the built-in fetch", async () => {
  const { url } = await listen((_, response) => {
    response.writeHead(200, { "content-encoding": "gzip" });
    response.end(gzipSync("whole"));
  });
  const response = await restFetch(url)(`${url}/storage/v1/object`);
  expect(response).toBeInstanceOf(Response);
  expect(await response.text()).toBe("whole");
});

test("a project below a path is found there", async () => {
  const { url } = await listen((request, response) => response.end(JSON.stringify(request.url)));
  const base = `${url}/projects/one`;
  const client = createClient(base, "a-key", { global: { fetch: restFetch(base) } });
  expect((await client.rpc("greet")).data).toBe("/projects/one/rest/v1/rpc/greet");
});
