import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stack, startStack } from "../local/stack.ts";
import type { Message } from "../shared/message.ts";
import {
  addTenant,
  tenantOf,
  type Tenant,
  until,
  waitForState,
  waitForStatus,
} from "./support/api.ts";
import { addPhone, pairSession, type Phone, phoneAt } from "./support/phone.ts";

let data: string;
let stack: Stack;
let tenant: Tenant;
let owner: Phone;
let ada: Phone;

/** What `npm start` printed. */
const reported: string[] = [];

const start = () =>
  startStack({ port: 0, data, memory: false, json: false, connectors: 1, sandbox: true }, (line) =>
    reported.push(line),
  );

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "whatsapp-microservice-restart-"));
  stack = await start();
  tenant = await addTenant(stack.addresses);
  owner = await pairSession(tenant, stack.addresses.sandboxUrl ?? "");
  ada = await addPhone(stack.addresses.sandboxUrl ?? "");
  await exchange("to begin with");
}, 60_000);

afterAll(async () => {
  await stack.stop();
  await rm(data, { recursive: true, force: true });
});

/** A message each way, so that the Signal sessions are proven to go on, not only the login. */
async function exchange(text: string): Promise<void> {
  const sent = await tenant.post<Message>("/session/main/send", { to: ada.number, message: text });
  expect(sent.status).toBe(201);
  await ada.received(text);
  await waitForStatus(tenant, sent.body, "DELIVERED");
  await ada.say(owner.number, `${text}, answered`);
  await until(
    () => tenant.get<{ data: Message[] }>("/session/main/messages?direction=in"),
    ({ body }) => body.data.some((message) => message.text === `${text}, answered`),
  );
}

async function expectStillPaired(): Promise<void> {
  await waitForState(tenant, "main", "connected");
  const { body } = await owner.get<{ linked_devices: unknown[] }>("");
  expect(body.linked_devices).toHaveLength(1);
}

test("a connector that is stopped hands its session over at once", async () => {
  await stack.processes.connectors[0]?.restart("stop");
  await expectStillPaired();
  expect((await tenant.get("/session/main/status")).body).toMatchObject({
    last_disconnect: { reason: "connector_stopped" },
  });
  await exchange("after a stop");
}, 60_000);

test("a connector that is killed loses its lease, and nothing else", async () => {
  await stack.processes.connectors[0]?.restart("kill");
  await until(
    () => tenant.get<{ state: string }>("/session/main/status"),
    ({ body }) => body.state !== "connected",
    20_000,
  );
  await ada.say(owner.number, "said while it was dead");
  await expectStillPaired();
  expect((await tenant.get("/session/main/status")).body).toMatchObject({
    last_disconnect: { reason: "connector_lost" },
  });
  await until(
    () => tenant.get<{ data: Message[] }>("/session/main/messages?direction=in"),
    ({ body }) => body.data.some((message) => message.text === "said while it was dead"),
  );
  await exchange("after a kill");
}, 90_000);

test("the network, the database server and the control plane may each be restarted", async () => {
  await stack.processes.sandbox?.restart("stop");
  await expectStillPaired();
  await exchange("after the network");

  await stack.processes.supabase?.restart("kill");
  await expectStillPaired();
  await exchange("after the database server");

  await stack.processes.controlPlane.restart("kill");
  await exchange("after the control plane");
}, 120_000);

test("PostgreSQL is restarted when its postmaster is killed, and the rest recovers by itself", async () => {
  const file = await readFile(join(data, "postgres", "postmaster.pid"), "utf8");
  const since = reported.length;
  process.kill(Number(file.split("\n", 1)[0]), "SIGKILL");
  await expect
    .poll(() => reported.slice(since), { timeout: 20_000 })
    .toEqual(["PostgreSQL exited unexpectedly; restarting it", "PostgreSQL ready again"]);
  await until(
    () => tenant.get("/session/main/status"),
    ({ status }) => status === 200,
    20_000,
  );
  await expectStillPaired();
  await exchange("after PostgreSQL");
  expect(reported.slice(since)).toHaveLength(2);
}, 90_000);

test("the whole stack is stopped and started, and nothing is scanned again", async () => {
  await stack.stop();
  stack = await start();
  const { apiUrl, sandboxUrl } = stack.addresses;
  tenant = tenantOf(apiUrl, tenant.id, tenant.key);
  owner = phoneAt(sandboxUrl ?? "", owner.number);
  ada = phoneAt(sandboxUrl ?? "", ada.number);
  await expectStillPaired();
  await exchange("after everything");
}, 60_000);
