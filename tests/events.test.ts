import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterEach, expect, inject, test } from "vitest";
import { addTenant, call, type Tenant } from "./support/api.ts";
import { addPhone, pairSession } from "./support/phone.ts";
import { openStream } from "./support/sse.ts";
import { receiveWebhooks } from "./support/webhook-receiver.ts";

const addresses = inject("addresses");
const sandbox = addresses.sandboxUrl ?? "";
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

test("a stream that was cut resumes without loss or duplicate", async () => {
  const tenant = await addTenant(addresses);
  const owner = await pairSession(tenant, sandbox);
  const ada = await addPhone(sandbox);

  const before = await openStream(tenant, "/tenant/events/stream");
  await ada.say(owner.number, "before");
  const last = await before.next((event) => event.data["text"] === "before");
  before.close();

  await ada.say(owner.number, "meanwhile 1");
  await ada.say(owner.number, "meanwhile 2");
  const after = await openStream(tenant, "/tenant/events/stream", last.seq);
  await ada.say(owner.number, "after");
  await after.next((event) => event.data["text"] === "after");

  expect(after.events.map((event) => event.seq)).toEqual(
    after.events.map((_, index) => last.seq + 1 + index),
  );
  expect(
    after.events
      .filter((event) => event.type === "message.received")
      .map((event) => event.data["text"]),
  ).toEqual(["meanwhile 1", "meanwhile 2", "after"]);
  after.close();
});

test("a webhook carries both signatures, and its id stays the same when it is tried again", async () => {
  let refusals = 1;
  const receiver = await receiveWebhooks(({ event }) =>
    event.type === "message.received" && refusals-- > 0 ? 500 : 200,
  );
  stops.push(receiver.stop);
  const { tenant, secret } = await tenantWithWebhook(receiver.url);
  const owner = await pairSession(tenant, sandbox);
  const connected = await receiver.next(({ event }) => event.type === "session.connected");
  expect(connected.event.data).toMatchObject({ session_id: "main", phone: owner.number });

  const ada = await addPhone(sandbox);
  await ada.say(owner.number, "Ciao");
  const first = await receiver.next(({ headers }) => isReceived(headers, "1"));
  const second = await receiver.next(({ headers }) => isReceived(headers, "2"), 20_000);

  expect(second.raw).toBe(first.raw);
  expect(second.headers["webhook-id"]).toBe(first.headers["webhook-id"]);
  expect(first.event).toMatchObject({
    id: first.headers["webhook-id"],
    type: "message.received",
    tenant_id: tenant.id,
    data: { from: ada.number, message: "Ciao" },
  });
  for (const { headers, raw } of [first, second]) {
    expect(new Webhook(secret).verify(raw, headers)).toEqual(JSON.parse(raw));
    expect(headers["x-webhook-source"]).toBe("whatsapp-microservice");
    const hmac = createHmac("sha256", secret).update(raw).digest("hex");
    expect(headers["x-webhook-signature"]).toBe(`sha256=${hmac}`);
  }
  expect(() => new Webhook(secret).verify(`${first.raw} `, first.headers)).toThrow();
}, 40_000);

test("each event of the seed arrives by webhook", async () => {
  const receiver = await receiveWebhooks();
  stops.push(receiver.stop);
  const { tenant } = await tenantWithWebhook(receiver.url);
  const owner = await pairSession(tenant, sandbox);
  const ada = await addPhone(sandbox);
  await tenant.post("/session/main/send", { to: ada.number, message: "sent" });
  await ada.say(owner.number, "received");
  await tenant.post("/session/main/disconnect");

  for (const type of [
    "session.qr_code",
    "session.connected",
    "message.sent",
    "message.received",
    "session.disconnected",
  ]) {
    const { event } = await receiver.next(
      (delivery) => delivery.headers["x-webhook-event"] === type,
    );
    expect(event).toMatchObject({ type, tenant_id: tenant.id, session_id: "main" });
  }
});

function isReceived(headers: Record<string, string>, attempt: string): boolean {
  return (
    headers["x-webhook-event"] === "message.received" && headers["x-webhook-attempt"] === attempt
  );
}

async function tenantWithWebhook(url: string): Promise<{ tenant: Tenant; secret: string }> {
  const tenant = await addTenant(addresses);
  const { status, body } = await call<{ secret: string }>(
    "POST",
    `${addresses.apiUrl}/admin/tenants/${tenant.id}/webhooks`,
    { headers: { "X-Admin-Key": addresses.adminKey }, body: { url } },
  );
  expect(status).toBe(201);
  expect(body.secret).toMatch(/^whsec_/);
  return { tenant, secret: body.secret };
}
