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
  connector = await stack.startConnector();
  ({ uid } = await stack.pair("main", phone));
  await stack.phone("POST", "/phones", { phone: ben, name: "Ben" });
  await stack.sendText(connector.url, { uid, to: ben, text: "before" });
});

afterAll(async () => {
  await stack.stop();
});

async function write(text: string): Promise<void> {
  await stack.phone("POST", `/phones/${ben}/messages`, { to: phone, type: "text", text });
}

async function isReady(): Promise<boolean> {
  return (await fetch(`${connector.url}/ready`)).ok;
}

async function whoIs(): Promise<string> {
  const health: unknown = await (await fetch(`${connector.url}/health`)).json();
  return JSON.stringify(health).replace(/.*"connector_id":"([^"]+)".*/, "$1");
}

test("what comes while Supabase is away for a moment is stored when it is back", async () => {
  const before = await whoIs();
  await stack.withoutSupabase(async () => {
    await write("in the gap");
    await new Promise((resolve) => setTimeout(resolve, 300));
  });
  await stack.untilMessage({ text: "in the gap", direction: "in" });
  expect(await whoIs()).toBe(before);
  expect((await stack.locate("main")).state).toBe("connected");
});

test("away for longer than the lease, it lets go of WhatsApp in time and comes back as another", async () => {
  const before = await whoIs();
  await stack.withoutSupabase(async () => {
    await eventually(whoIs, (id) => id !== before, "a new connector id");
    expect(await isReady()).toBe(false);
    expect((await fetch(`${connector.url}/health`)).status).toBe(200);
    await write("while nobody was there");
  });
  await eventually(isReady, (ready) => ready, "readiness");
  await stack.until("main", (session) => session.state === "connected");
  await stack.untilMessage({ text: "while nobody was there", direction: "in" });
  const { message } = await stack.sendText(connector.url, { uid, to: ben, text: "after" });
  await stack.untilMessage({ id: message.id, status: "DELIVERED" });
});
