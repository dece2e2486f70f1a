import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { call, type Tenant, until } from "../support/api.ts";
import { receiveWebhooks } from "../support/webhook-receiver.ts";
import { addEndpoint, waitForHubs } from "./endpoints.ts";
import { emitEvents } from "./events.ts";
import { adminKey, type ControlPlane, startControlPlane } from "./start-control-plane.ts";
import { addTenant } from "./tenants.ts";

let plane: ControlPlane;
const stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  plane = await startControlPlane();
  await waitForHubs(plane);
});
afterAll(() => plane.stop());
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function receive() {
  const receiver = await receiveWebhooks();
  stops.push(receiver.stop);
  return receiver;
}

interface Rotated {
  secret: string;
  former_secret_until: string;
}

const rotate = (tenant: Tenant, endpointId: string, body: object = {}) =>
  tenant.post<Rotated>(`/tenant/webhooks/${endpointId}/rotate-secret`, body);

async function storedSecrets(tenantId: string) {
  const { rows } = await plane.sql.query<{ secret: string; former_secret: string | null }>(
    "select secret, former_secret from webhook_endpoints where tenant_id = $1",
    [tenantId],
  );
  return rows;
}

test("a secret is shown once, when it is made, and stored encrypted", async () => {
  const tenant = await addTenant(plane);
  const made = await tenant.post<{ id: string; secret: string }>("/tenant/webhooks", {
    url: "https://example.com/hook",
  });
  expect(made).toMatchObject({ status: 201, body: { secret: expect.stringMatching(/^whsec_/) } });
  const listed = await tenant.get("/tenant/webhooks");
  expect(JSON.stringify(listed.body)).not.toMatch(/whsec_|sealed:|"secret"/);
  const asAdmin = await call("GET", `${plane.url}/admin/tenants/${tenant.id}/webhooks`, {
    headers: { "X-Admin-Key": adminKey },
  });
  expect(JSON.stringify(asAdmin.body)).not.toMatch(/whsec_|sealed:|"secret"/);
  const [stored] = await storedSecrets(tenant.id);
  expect(stored?.secret).toMatch(/^sealed:[0-9a-f]{8}:/);
  expect(stored?.secret).not.toContain(made.body.secret.slice(6));
});

test("after a rotation both secrets verify during the overlap, then only the new one", async () => {
  const tenant = await addTenant(plane);
  const receiver = await receive();
  const { id, secret } = await addEndpoint(plane, tenant.id, { url: receiver.url });
  const rotated = await rotate(tenant, id);
  expect(rotated.status).toBe(200);
  const inHours = (Date.parse(rotated.body.former_secret_until) - Date.now()) / 3_600_000;
  expect(inHours).toBeGreaterThan(23.9);
  expect(inHours).toBeLessThan(24.1);
  expect(rotated.body.secret).not.toBe(secret);

  await emitEvents(plane.sql, tenant.id, [{ data: { message: "first" } }]);
  const first = await receiver.next(({ event }) => event.data["message"] === "first");
  for (const valid of [secret, rotated.body.secret]) {
    expect(new Webhook(valid).verify(first.raw, first.headers)).toEqual(first.event);
  }
  expect(first.headers["x-webhook-signature-former"]).toMatch(/^sha256=/);

  const own = randomBytes(24).toString("base64");
  const last = await rotate(tenant, id, { secret: own, overlap_hours: 0 });
  expect(last.body.secret).toBe(own);
  await emitEvents(plane.sql, tenant.id, [{ data: { message: "second" } }]);
  const second = await receiver.next(({ event }) => event.data["message"] === "second");
  expect(new Webhook(own).verify(second.raw, second.headers)).toEqual(second.event);
  expect(() => new Webhook(rotated.body.secret).verify(second.raw, second.headers)).toThrow();
  expect(second.headers["x-webhook-signature-former"]).toBeUndefined();
});

test("a plain secret that came by SQL signs, and is encrypted by the first delivery", async () => {
  const tenant = await addTenant(plane);
  const receiver = await receive();
  await plane.sql.query(
    "insert into webhook_endpoints (tenant_id, url, secret) values ($1, $2, 'a plain secret')",
    [tenant.id, receiver.url],
  );
  await emitEvents(plane.sql, tenant.id, [{ data: {} }]);
  const { raw, headers, event } = await receiver.next(() => true);
  const verifier = new Webhook("a plain secret", { format: "raw" });
  expect(verifier.verify(raw, headers)).toEqual(event);
  const [stored] = await until(
    () => storedSecrets(tenant.id),
    ([row]) => row?.secret.startsWith("sealed:") === true,
  );
  expect(stored?.secret).not.toContain("plain");

  await emitEvents(plane.sql, tenant.id, [{ data: { message: "later" } }]);
  const later = await receiver.next((delivery) => delivery.event.data["message"] === "later");
  expect(verifier.verify(later.raw, later.headers)).toEqual(later.event);
});

test("the cron encrypts plain secrets of endpoints that receive nothing", async () => {
  const tenant = await addTenant(plane);
  await plane.sql.query("update tenants set webhook_url = $2 where tenant_id = $1", [
    tenant.id,
    "https://example.com/never",
  ]);
  expect(await storedSecrets(tenant.id)).toMatchObject([
    { secret: expect.stringMatching(/^whsec_/) },
  ]);
  await plane.stopWorker();
  await plane.startWorker(); // which runs the cron at once
  await until(
    () => storedSecrets(tenant.id),
    ([row]) => row?.secret.startsWith("sealed:") === true,
  );
});

test("another tenant can neither rotate, change nor delete an endpoint", async () => {
  const [owner, other] = [await addTenant(plane), await addTenant(plane)];
  const { id } = await addEndpoint(plane, owner.id, { url: "https://example.com/hook" });
  expect((await rotate(other, id)).status).toBe(404);
  expect((await other.delete(`/tenant/webhooks/${id}`)).status).toBe(404);
  const changed = await call("PATCH", `${plane.url}/tenant/webhooks/${id}`, {
    headers: other.headers,
    body: { enabled: false },
  });
  expect(changed.status).toBe(404);
  expect((await owner.delete(`/tenant/webhooks/${id}`)).status).toBe(204);
});

test("a tenant changes and deletes its default endpoint, and webhook_url follows", async () => {
  const tenant = await addTenant(plane);
  await plane.sql.query("update tenants set webhook_url = $2 where tenant_id = $1", [
    tenant.id,
    "https://example.com/one",
  ]);
  const { body } = await tenant.get<{ data: { id: string }[] }>("/tenant/webhooks");
  const id = body.data[0]?.id ?? "";
  const webhookUrl = async () =>
    (await plane.sql.query("select webhook_url from tenants where tenant_id = $1", [tenant.id]))
      .rows;
  const changed = await call("PATCH", `${plane.url}/tenant/webhooks/${id}`, {
    headers: tenant.headers,
    body: { url: "https://example.com/two", events: ["message.sent"] },
  });
  expect(changed).toMatchObject({
    status: 200,
    body: { url: "https://example.com/two", events: ["message.sent"], is_default: true },
  });
  expect(await webhookUrl()).toEqual([{ webhook_url: "https://example.com/two" }]);
  expect((await tenant.delete(`/tenant/webhooks/${id}`)).status).toBe(204);
  expect(await webhookUrl()).toEqual([{ webhook_url: null }]);
});
