import { afterAll, beforeAll, expect, test } from "vitest";
import type { Connector } from "../../connector/connector.ts";
import { eventually, Stack } from "./stack.ts";

let stack: Stack;
let connector: Connector;
let uid: string;
const ben = "393337654321";
const phone = "393331234567";

beforeAll(async () => {
  stack = await Stack.start();
  // The lease of production: it outlives what happens here.
  connector = await stack.startConnector({ leaseMs: 15_000 });
  ({ uid } = await stack.pair("main", phone));
  await stack.phone("POST", "/phones", { phone: ben, name: "Ben" });
  await stack.sendText(connector.url, { uid, to: ben, text: "before" });
});

afterAll(async () => {
  await stack.stop();
});

test("what is sent while Supabase is away, and then the line, goes out once when both are back", async () => {
  const sends: Promise<unknown>[] = [];
  await stack.withoutSupabase(async () => {
    sends.push(stack.sendText(connector.url, { uid, to: ben, text: "in between" }));
    // The intent is on its way to the database by then.
    await new Promise((resolve) => setTimeout(resolve, 200));
    await stack.phone("POST", "/faults", { kind: "drop-sockets", phone });
    await eventually(
      () => stack.linkedDevices(phone),
      (devices) => devices[0]?.online === false,
      "a device that is offline",
    );
    // The next line comes within half a second, and asks for what was under way.
    await new Promise((resolve) => setTimeout(resolve, 800));
  });
  await Promise.all(sends);
  await stack.untilMessage({ text: "in between", status: "DELIVERED" });
  const atBen = await stack.phoneMessages(ben);
  expect(atBen.filter(({ text }) => text === "in between")).toHaveLength(1);
});

test("what came while Supabase is away, and again over the next line, outlives the connector", async () => {
  const eve = "393339999999";
  await stack.phone("POST", "/phones", { phone: eve, name: "Eve" });
  const newcomer = "393330000001";
  const write = (text: string) =>
    stack.phone("POST", `/phones/${eve}/messages`, { to: newcomer, type: "text", text });
  await connector.stop();
  const deleted = await stack.spawnConnector({ quick: true });
  // Paired here, so that it needs no key from the database.
  await stack.pair("second", newcomer);
  await write("warm");
  await stack.untilMessage({ text: "warm", direction: "in" });
  await stack.withoutSupabase(async () => {
    await write("comes twice");
    // It is open by then, and on its way to the database; so it is once more after the cut.
    await new Promise((resolve) => setTimeout(resolve, 200));
    await stack.phone("POST", "/faults", { kind: "drop-sockets", phone: newcomer });
    await new Promise((resolve) => setTimeout(resolve, 600));
    await deleted.kill();
  });
  await stack.startConnector();
  await stack.untilMessage({ text: "comes twice", direction: "in" });
  const stored = await stack.messages({ direction: "in" });
  expect(stored.filter(({ text }) => text === "comes twice")).toHaveLength(1);
});
