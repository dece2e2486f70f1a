import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSandbox } from "../sandbox.ts";
import { Harness } from "../testing/harness.ts";
import { openEventStream } from "../testing/sse.ts";

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

describe("phones", () => {
  test("are created, listed, shown and deleted", async () => {
    const created = await harness.call("POST", "/phones", {
      phone: "+39 333 123-4567",
      name: "Ada",
    });
    expect(created).toMatchObject({ status: 201, body: { phone: "393331234567", name: "Ada" } });
    expect(await harness.call("GET", "/phones")).toMatchObject({ body: { data: [created.body] } });
    expect(await harness.call("GET", "/phones/393331234567")).toEqual({
      status: 200,
      body: created.body,
    });
    expect(await harness.call("DELETE", "/phones/393331234567")).toMatchObject({ status: 204 });
    expect(await harness.call("GET", "/phones/393331234567")).toMatchObject({
      status: 404,
      body: { code: "phone_not_found" },
    });
  });

  test("have unique numbers", async () => {
    await harness.call("POST", "/phones", { phone: "393330001" });
    const again = await harness.call("POST", "/phones", { phone: "393330001" });
    expect(again).toMatchObject({ status: 409, body: { code: "phone_exists", status: 409 } });
  });

  test("refuse to act while they are offline", async () => {
    const phone = await harness.phone();
    await harness.call("POST", `/phones/${phone}/behaviour`, { online: false });
    const answer = await harness.call("POST", `/phones/${phone}/scan`, { qr: "x" });
    expect(answer).toMatchObject({ status: 409, body: { code: "phone_offline" } });
  });
});

describe("errors", () => {
  test.each([
    ["POST", "/phones", { phone: "12" }, 422, "invalid_request"],
    ["POST", "/phones", { name: "Ada" }, 422, "invalid_request"],
    ["POST", "/phones", undefined, 415, "unsupported_media_type"],
    ["GET", "/phones/15550000000", undefined, 404, "phone_not_found"],
    ["POST", "/faults", { kind: "earthquake" }, 422, "invalid_request"],
    ["GET", "/nowhere", undefined, 404, "not_found"],
  ])("%s %s %j is %i %s", async (method, path, body, status, code) => {
    const answer = await harness.call(method, path, body);
    expect(answer).toMatchObject({ status, body: { code, status, type: "about:blank" } });
  });

  test("a text to a number without a phone is refused", async () => {
    const phone = await harness.phone();
    const body = { to: "15550000000", text: "hello" };
    const answer = await harness.call("POST", `/phones/${phone}/messages`, body);
    expect(answer).toMatchObject({ status: 422, body: { code: "not_on_whatsapp" } });
  });
});

describe("web pages that attack it", () => {
  async function statusOf(
    url: string,
    { method = "GET", body, ...headers }: Record<string, string>,
  ): Promise<number | undefined> {
    const outgoing = request(url, { method, headers });
    outgoing.end(body);
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  }

  test("a body that a page may send without being asked for permission is refused", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", undefined]) {
      const response = await fetch(`${harness.sandbox.url}/phones`, {
        method: "POST",
        body: Buffer.from('{"phone":"393339999999"}'),
        ...(type === undefined ? {} : { headers: { "content-type": type } }),
      });
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({ code: "unsupported_media_type" });
    }
    expect(await harness.call("GET", "/phones/393339999999")).toMatchObject({ status: 404 });
  });

  test("a name that resolves to this machine is refused as host", async () => {
    const url = `${harness.sandbox.url}/phones`;
    expect(await statusOf(url, { host: "evil.example:3100" })).toBe(403);
    expect(await statusOf(url, { host: "localhost:3100" })).toBe(200);
    expect(
      await statusOf(url, {
        method: "POST",
        host: "evil.example",
        "content-type": "application/json",
        body: '{"phone":"393339999999"}',
      }),
    ).toBe(403);
    expect(await harness.call("GET", "/phones/393339999999")).toMatchObject({ status: 404 });
  });

  test("any host is accepted on an address that others can reach", async () => {
    const log = pino({ level: "silent" });
    const open = await startSandbox({ port: 0, host: "0.0.0.0", log });
    const url = `http://127.0.0.1:${new URL(open.url).port}/phones`;
    expect(await statusOf(url, { host: "sandbox.example" })).toBe(200);
    await open.stop();
  });
});

describe("events", () => {
  test("stream messages and status changes, and resume after Last-Event-ID", async () => {
    const ada = await harness.phone("Ada");
    const ben = await harness.phone("Ben");
    const write = (text: string) =>
      harness.call("POST", `/phones/${ada}/messages`, { to: ben, text });
    const url = `${harness.sandbox.url}/phones/${ada}/events`;
    const live = await openEventStream(url);
    await write("one");
    const first = await live.next();
    expect(first).toMatchObject({ event: "message", data: { text: "one", direction: "out" } });
    expect(await live.next()).toMatchObject({
      event: "status",
      data: { id: first.data["id"], status: "delivered" },
    });
    await live.close();
    await write("two");
    const resumed = await openEventStream(url, first.id);
    expect(await resumed.next()).toMatchObject({ event: "message", data: { text: "two" } });
    await resumed.close();
  });
});

test("health is 200", async () => {
  expect(await harness.call("GET", "/health")).toMatchObject({
    status: 200,
    body: { status: "ok" },
  });
});
