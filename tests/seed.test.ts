import { execFile } from "node:child_process";
import { access, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { Client } from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { Message } from "../shared/message.ts";
import { call, type Tenant, tenantOf, until } from "./support/api.ts";
import { phoneAt } from "./support/phone.ts";
import { openStream } from "./support/sse.ts";
import { receiveWebhooks } from "./support/webhook-receiver.ts";

/**
 * The commands and the SQL that the README of the predecessor prints, run as they stand: session
 * `main`, tenant `my_saas`. docs/seed-parity.md lists each line of it with the test that covers it.
 */
const addresses = inject("addresses");
const sandbox = addresses.sandboxUrl ?? "";
const execute = promisify(execFile);

const createTenantSql = `
INSERT INTO tenants (tenant_id, name, api_key, webhook_url, rate_limit_per_minute)
VALUES (
  'my_saas',
  'My SaaS Application',
  'sk_live_mysaas_abc123xyz789',  -- from generate-api-key.js
  'https://your-app.com/webhooks/whatsapp',
  60  -- 60 requests per minute
);`;

const createSessionCommand = `
curl -X POST http://localhost:3000/tenant/sessions \\
  -H "Content-Type: application/json" \\
  -H "X-Api-Key: sk_live_mysaas_abc123xyz789" \\
  -d '{
    "session_id": "main",
    "name": "Main WhatsApp Number",
    "description": "Primary customer support line"
  }'`;

const qrCommand = `
curl http://localhost:3000/session/main/qr \\
  -H "X-Api-Key: sk_live_mysaas_abc123xyz789"`;

const queueSql = `
INSERT INTO messages (phone_number, message, status, platform, session_id)
VALUES ('393331234567', 'Your message', 'QUEUED', 'WHATSAPP', 'support_main');`;

let database: Client;
let receiver: Awaited<ReturnType<typeof receiveWebhooks>>;
let tenant: Tenant;
beforeAll(async () => {
  receiver = await receiveWebhooks();
  database = new Client({ connectionString: addresses.databaseUrl ?? "" });
  await database.connect();
  await database.query(here(createTenantSql));
  tenant = tenantOf(addresses.apiUrl, "my_saas", here("sk_live_mysaas_abc123xyz789"));
  for (const [phone, name] of [
    ["393331234567", "Customer"],
    ["393330000001", "Main"],
    ["393330000002", "Support"],
  ]) {
    await call("POST", `${sandbox}/phones`, { body: { phone, name } });
  }
});
afterAll(async () => {
  await call("DELETE", `${addresses.apiUrl}/admin/tenants/my_saas`, {
    headers: { "X-Admin-Key": addresses.adminKey },
  });
  await database.end();
  await receiver.stop();
});

/** The text with the addresses of this stack, and its key moved to the sandbox network. */
function here(text: string): string {
  return text
    .replaceAll("sk_live_", "sk_test_")
    .replaceAll("http://localhost:3000", addresses.apiUrl)
    .replaceAll("https://your-app.com/webhooks/whatsapp", receiver.url);
}

/** Runs a command of the README in a shell; gives the JSON that it prints. */
async function shell(command: string): Promise<Record<string, unknown>> {
  const { stdout } = await execute("bash", ["-c", here(command)]);
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function scan(qr: unknown, number: string): Promise<void> {
  const scanned = await phoneAt(sandbox, number).post("/scan", { qr });
  expect(scanned.status).toBeLessThan(300);
}

/** Waits for a webhook, since polling would use up the tenant's 60 requests per minute. */
async function eventOf(type: string, sessionId: string): Promise<void> {
  await receiver.next(({ event }) => event.type === type && event.session_id === sessionId);
}

test("the INSERT creates the tenant and blanks its key", async () => {
  const { rows } = await database.query("select api_key from tenants where tenant_id = 'my_saas'");
  expect(rows).toEqual([{ api_key: null }]);
  const answer = await tenant.get("/tenant/sessions");
  expect(answer).toMatchObject({ status: 200, body: { data: [] } });
  expect(answer.headers.get("RateLimit-Limit")).toBe("60");
  expect(await call("GET", `${addresses.apiUrl}/tenant/sessions`)).toMatchObject({ status: 401 });
});

test("/health answers without a key", async () => {
  expect(await shell("curl -s http://localhost:3000/health")).toMatchObject({ status: "ok" });
});

test("the curl commands create the session and show its QR, and a scan connects it", async () => {
  expect(await shell(createSessionCommand)).toMatchObject({
    session_id: "main",
    name: "Main WhatsApp Number",
    description: "Primary customer support line",
  });
  const shown = await shell(qrCommand);
  expect(shown).toMatchObject({ image: expect.stringMatching(/^data:image\/png;base64,/) });
  await scan(shown["qr"], "393330000001");
  await eventOf("session.connected", "main");
  const sessions = await tenant.get<{ data: unknown[] }>("/tenant/sessions");
  expect(sessions.body.data).toMatchObject([{ session_id: "main", state: "connected" }]);
});

test("a text is sent at once, shown in both histories and in the stream", async () => {
  const stream = await openStream(tenant, "/session/main/messages/stream");
  const text = "Hi! Your ticket #1234 has been resolved.";
  const sent = await tenant.post<Message>("/session/main/send", {
    to: "393331234567",
    message: text,
  });
  expect(sent.status).toBe(201);
  await phoneAt(sandbox, "393331234567").received(text);
  await stream.next(({ type }) => type === "message.sent");
  stream.close();
  for (const path of ["/session/main/messages", "/tenant/messages"]) {
    const { body } = await tenant.get<{ data: Message[] }>(`${path}?limit=10&offset=0`);
    expect(body.data).toMatchObject([{ id: sent.body.id, text }]);
  }
});

test("a received message is posted with the headers and the fields that the examples read", async () => {
  await phoneAt(sandbox, "393331234567").say("393330000001", "Where is my order?");
  const { headers, event } = await receiver.next((d) => d.event.type === "message.received");
  expect(event.data).toMatchObject({ from: "393331234567", message: "Where is my order?" });
  expect(headers).toMatchObject({
    "x-webhook-source": expect.any(String),
    "x-webhook-event": "message.received",
    "x-webhook-attempt": "1",
    "x-webhook-signature": expect.stringMatching(/^sha256=[0-9a-f]{64}$/),
  });
  for (const type of ["session.qr_code", "session.connected", "message.sent"]) {
    await receiver.next((delivery) => delivery.event.type === type);
  }
});

test("the row that SQL queues is sent and becomes SENT", async () => {
  await tenant.post("/tenant/sessions", { session_id: "support_main", name: "Support" });
  const { body } = await tenant.get<{ qr: string }>("/session/support_main/qr");
  await scan(body.qr, "393330000002");
  await eventOf("session.connected", "support_main");
  await database.query(queueSql);
  await phoneAt(sandbox, "393331234567").received("Your message");
  const { rows } = await until(
    () => database.query("select status from messages where message = 'Your message'"),
    (found) => found.rows[0]?.status !== "QUEUED" && found.rows[0]?.status !== "SENDING",
  );
  expect(rows[0]?.status).toMatch(/^(SENT|DELIVERED)$/);
});

test("a session is disconnected, shows a new QR and is deleted", async () => {
  expect((await tenant.post("/session/main/disconnect")).status).toBe(200);
  await eventOf("session.disconnected", "main");

  await tenant.post("/tenant/sessions", { session_id: "spare", name: "Spare" });
  const first = await tenant.get<{ qr: string }>("/session/spare/qr");
  const second = await tenant.post<{ qr: string }>("/session/spare/regenerate-qr");
  expect(second.status).toBe(200);
  expect(second.body.qr).not.toBe(first.body.qr);

  expect((await tenant.delete("/session/spare")).status).toBe(204);
  expect((await tenant.get("/session/spare/status")).status).toBe(404);
});

test("docs/seed-parity.md names tests that exist, and one for each line that works", async () => {
  const root = new URL("../", import.meta.url);
  const table = await readFile(new URL("docs/seed-parity.md", root), "utf8");
  const rows = table
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter((cells) => /^(works|partly|in progress|not built yet)$/.test(cells[2] ?? ""));
  expect(rows.length).toBeGreaterThan(50);
  const filesOf = (tests = "") => [...tests.matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file);
  const untested = rows.filter(
    ([, , state, , tests]) => state === "works" && !tests?.includes("`"),
  );
  expect(untested).toEqual([]);
  for (const file of rows.flatMap((cells) => filesOf(cells[4]))) await access(new URL(file, root));
});
