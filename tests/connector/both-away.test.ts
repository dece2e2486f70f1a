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
      () => stack.phone("GET", `/phones/${phone}`),
      // The linked device, not the phone.
      (answer) => JSON.stringify(answer).includes('"online":false}'),
      "a device without a line",
    );
    // The next line comes within half a second, and asks for what was under way.
    await new Promise((resolve) => setTimeout(resolve, 800));
  });
  await Promise.all(sends);
  await stack.untilMessage({ text: "in between", status: "DELIVERED" });
  const atBen = await stack.phoneMessages(ben);
  expect(atBen.filter(({ text }) => text === "in between")).toHaveLength(1);
});
