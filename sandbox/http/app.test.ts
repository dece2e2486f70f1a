import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
    ["POST", "/phones", undefined, 422, "invalid_request"],
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
