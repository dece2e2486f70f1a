import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { call, type Tenant, until } from "../support/api.ts";
import { type Answer, receiveWebhooks } from "../support/webhook-receiver.ts";
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

async function receive(answer?: Answer) {
  const receiver = await receiveWebhooks(answer);
  stops.push(receiver.stop);
  return receiver;
}

interface Delivery {
  id: string;
  endpoint_id: string;
  event_seq: number;
  status: string;
  attempts: number;
}
interface Page<Item> {
  data: Item[];
  next_cursor: string | null;
}

const deliveriesOf = async (tenant: Tenant, query = "") =>
  (await tenant.get<Page<Delivery>>(`/tenant/webhooks/deliveries?${query}`)).body;

/** A tenant with an endpoint to which these events were delivered once each. */
async function tenantWithDeliveries(count: number, answer?: Answer) {
  const tenant = await addTenant(plane);
  const receiver = await receive(answer);
  const endpoint = await addEndpoint(plane, tenant.id, { url: receiver.url });
  await emitEvents(
    plane.sql,
    tenant.id,
    Array.from({ length: count }, (_, n) => ({ data: { chat_id: `chat-${n}` } })),
  );
  await until(
    () => deliveriesOf(tenant, "limit=100"),
    ({ data }) => data.length === count,
  );
  return { tenant, receiver, endpoint };
}

const admin = (method: string, path: string, body?: unknown) =>
  call<{ code: string; enabled: boolean }>(method, `${plane.url}/admin/tenants/${path}`, {
    headers: { "X-Admin-Key": adminKey },
    body,
  });

test("a tenant lists its endpoints, without their secrets", async () => {
  const [tenant, other] = [await addTenant(plane), await addTenant(plane)];
  const endpoint = await addEndpoint(plane, tenant.id, {
    url: "https://example.com/hook",
    events: ["message.received"],
  });
  await addEndpoint(plane, other.id, { url: "https://other.example/" });
  const { status, body } = await tenant.get<Page<object>>("/tenant/webhooks");
  expect(status).toBe(200);
  expect(body).toEqual({
    data: [
      {
        id: endpoint.id,
        url: "https://example.com/hook",
        events: ["message.received"],
        enabled: true,
        is_default: false,
        cursor_seq: 0,
        failing_since: null,
        former_secret_until: null,
        disabled_reason: null,
        disabled_at: null,
        created_at: expect.any(String),
      },
    ],
    next_cursor: null,
  });
});

test("the delivery log is paged newest first, and filtered by endpoint, status and event type", async () => {
  const { tenant, endpoint } = await tenantWithDeliveries(5, ({ event }, response) => {
    response.writeHead(event.seq === 3 ? 500 : 200).end("Grazie\0 mille");
    return undefined;
  });
  const all = await deliveriesOf(tenant);
  expect(all.data.map(({ event_seq }) => event_seq).toSorted()).toEqual([1, 2, 3, 4, 5]);
  expect(all.data[0]).toEqual({
    id: expect.any(String),
    endpoint_id: endpoint.id,
    event_id: expect.stringMatching(/^evt_[0-9a-f]{32}$/),
    event_seq: expect.any(Number),
    event_type: "message.received",
    status: expect.any(String),
    attempts: 1,
    next_attempt_at: null,
    status_code: 200,
    error: null,
    response: "Grazie\ufffd mille",
    duration_ms: expect.any(Number),
    created_at: expect.any(String),
    delivered_at: expect.any(String),
  });
  const walked: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: Page<Delivery> = await deliveriesOf(
      tenant,
      `limit=2${cursor && `&cursor=${cursor}`}`,
    );
    walked.push(...page.data.map(({ id }) => id));
    cursor = page.next_cursor;
  }
  expect(walked).toEqual(all.data.map(({ id }) => id));
  expect((await deliveriesOf(tenant, "status=pending")).data).toMatchObject([
    { event_seq: 3, status_code: 500, error: "The endpoint responded with 500" },
  ]);
  expect((await deliveriesOf(tenant, "status=delivered")).data).toHaveLength(4);
  expect((await deliveriesOf(tenant, "event_type=message.sent")).data).toHaveLength(0);
  expect((await deliveriesOf(tenant, `endpoint_id=${endpoint.id}`)).data).toHaveLength(5);
  expect((await tenant.get("/tenant/webhooks/deliveries?endpoint_id=nonsense")).status).toBe(422);
});

test("a delivery is shown with its event, and delivered again with the same id", async () => {
  const { tenant, receiver } = await tenantWithDeliveries(1);
  const [delivery] = (await deliveriesOf(tenant)).data;
  const path = `/tenant/webhooks/deliveries/${delivery?.id}`;
  expect((await tenant.get(path)).body).toMatchObject({
    ...delivery,
    event: { seq: 1, type: "message.received", data: { chat_id: "chat-0" } },
  });
  expect(await tenant.post(`${path}/redeliver`)).toMatchObject({
    status: 202,
    body: { id: delivery?.id, status: "pending", attempts: 0 },
  });
  await until(
    async () => receiver.deliveries.length,
    (count) => count === 2,
    3_000,
  );
  const [first, second] = receiver.deliveries;
  expect(second?.raw).toBe(first?.raw);
  expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
  await until(
    () => deliveriesOf(tenant),
    ({ data }) => data[0]?.status === "delivered" && data[0].attempts === 1,
  );

  await plane.sql.query("delete from events where tenant_id = $1", [tenant.id]);
  expect((await tenant.get(path)).body).toMatchObject({ event: null });
  expect(await tenant.post(`${path}/redeliver`)).toMatchObject({
    status: 404,
    body: { detail: expect.stringContaining("past its retention") },
  });
});

test("a range of events is replayed, and new events go on meanwhile", async () => {
  const { tenant, receiver, endpoint } = await tenantWithDeliveries(6);
  const replay = (body: object) =>
    tenant.post<{ deliveries: number; errors?: object[] }>("/tenant/webhooks/replay", body);
  expect(await replay({ endpoint_id: endpoint.id, from_seq: 2, to_seq: 4 })).toMatchObject({
    status: 202,
    body: { deliveries: 3 },
  });
  await emitEvents(plane.sql, tenant.id, [{}]);
  await until(
    async () => receiver.deliveries.length,
    (count) => count === 10,
    3_000,
  );
  const again = receiver.deliveries.slice(6).map(({ event }) => event.seq);
  expect(again.toSorted()).toEqual([2, 3, 4, 7]);
  for (const body of [
    {},
    { endpoint_id: endpoint.id },
    { endpoint_id: endpoint.id, from_seq: 1 },
    { endpoint_id: endpoint.id, from_seq: 5, to_seq: 4 },
    { endpoint_id: endpoint.id, from_seq: 1, to_seq: 10_001 },
    { endpoint_id: endpoint.id, dead: false },
    { endpoint_id: endpoint.id, dead: true, from_seq: 1, to_seq: 2 },
  ]) {
    expect(await replay(body)).toMatchObject({ status: 422, body: { code: "invalid_request" } });
  }
});

test("dead deliveries are kept, listed and replayed", async () => {
  let status = 500;
  const { tenant, endpoint, receiver } = await tenantWithDeliveries(3, () => status);
  await plane.sql.query(
    "update webhook_deliveries set status = 'dead', attempts = 4 where tenant_id = $1 and event_seq <> 2",
    [tenant.id],
  );
  expect((await deliveriesOf(tenant, "status=dead")).data).toHaveLength(2);
  status = 200;
  const before = receiver.deliveries.length;
  expect(
    await tenant.post("/tenant/webhooks/replay", { endpoint_id: endpoint.id, dead: true }),
  ).toMatchObject({ status: 202, body: { deliveries: 2 } });
  await until(
    () => deliveriesOf(tenant, "status=delivered"),
    ({ data }) => data.length >= 2,
    3_000,
  );
  expect((await deliveriesOf(tenant, "status=dead")).data).toHaveLength(0);
  expect(receiver.deliveries.length).toBeGreaterThanOrEqual(before + 2);
});

test("a test event goes to one endpoint only, with its signature, and says what came of it", async () => {
  const tenant = await addTenant(plane);
  const [receiver, other] = [
    await receive((_, response) => {
      response.writeHead(202).end("Got it");
      return undefined;
    }),
    await receive(),
  ];
  const { id, secret } = await addEndpoint(plane, tenant.id, {
    url: receiver.url,
    events: ["message.sent"],
  });
  await addEndpoint(plane, tenant.id, { url: other.url });
  const { status, body } = await tenant.post(`/tenant/webhooks/${id}/test`);
  expect(status).toBe(200);
  expect(body).toEqual({
    event_id: expect.stringMatching(/^evt_[0-9a-f]{32}$/),
    delivered: true,
    status_code: 202,
    error: null,
    response: "Got it",
    duration_ms: expect.any(Number),
  });
  const [delivery] = receiver.deliveries;
  expect(delivery?.headers["x-webhook-event"]).toBe("webhook.test");
  expect(new Webhook(secret).verify(delivery?.raw ?? "", delivery?.headers ?? {})).toEqual({
    id: body["event_id"],
    type: "webhook.test",
    timestamp: expect.any(String),
    tenant_id: tenant.id,
    session_id: null,
    seq: 0,
    data: { endpoint_id: id },
  });
  expect(other.deliveries).toHaveLength(0);
  expect((await deliveriesOf(tenant)).data).toHaveLength(0);
});

test("one test of an endpoint at a time; one that gets no answer says so", async () => {
  const tenant = await addTenant(plane);
  const hanging = await receive(() => undefined);
  const { id } = await addEndpoint(plane, tenant.id, { url: hanging.url });
  const first = tenant.post(`/tenant/webhooks/${id}/test`);
  await hanging.next(() => true);
  const second = await tenant.post(`/tenant/webhooks/${id}/test`);
  expect(second).toMatchObject({ status: 429, body: { code: "rate_limited" } });
  expect(second.headers.get("retry-after")).toBe("10");
  expect(await first).toMatchObject({
    status: 200,
    body: {
      delivered: false,
      status_code: null,
      error: "The endpoint did not respond within 10 s",
    },
  });
});

test("another tenant's endpoints and deliveries are not found, and are not touched", async () => {
  const { tenant, receiver, endpoint } = await tenantWithDeliveries(2);
  const stranger = await addTenant(plane);
  const [delivery] = (await deliveriesOf(tenant)).data;
  const answers = [
    await stranger.get(`/tenant/webhooks/deliveries/${delivery?.id}`),
    await stranger.post(`/tenant/webhooks/deliveries/${delivery?.id}/redeliver`),
    await stranger.post("/tenant/webhooks/replay", { endpoint_id: endpoint.id, dead: true }),
    await stranger.post("/tenant/webhooks/replay", {
      endpoint_id: endpoint.id,
      from_seq: 1,
      to_seq: 2,
    }),
    await stranger.post(`/tenant/webhooks/${endpoint.id}/test`),
    await stranger.get("/tenant/webhooks/deliveries/nonsense"),
    await stranger.post("/tenant/webhooks/nonsense/test"),
  ];
  for (const answer of answers) {
    expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } });
  }
  expect((await deliveriesOf(stranger, `endpoint_id=${endpoint.id}`)).data).toEqual([]);
  expect((await stranger.get<Page<object>>("/tenant/webhooks")).body.data).toEqual([]);
  expect(receiver.deliveries).toHaveLength(2);
});

test("the operator switches an endpoint off and on; it goes on where it was", async () => {
  const { tenant, receiver, endpoint } = await tenantWithDeliveries(1);
  const path = `${tenant.id}/webhooks/${endpoint.id}`;
  expect(await admin("PATCH", path, { enabled: false })).toMatchObject({
    status: 200,
    body: { enabled: false },
  });
  await emitEvents(plane.sql, tenant.id, [{}, {}]);
  expect((await admin("PATCH", path, { enabled: true, events: null })).status).toBe(200);
  await until(
    async () => receiver.deliveries.length,
    (count) => count === 3,
    3_000,
  );
  const moved = await receive();
  expect((await admin("PATCH", path, { url: moved.url })).status).toBe(200);
  await emitEvents(plane.sql, tenant.id, [{}]);
  await until(
    async () => receiver.deliveries.length + moved.deliveries.length,
    (count) => count === 4,
    3_000,
  );
  expect((await admin("PATCH", path, {})).status).toBe(422);
  expect((await admin("PATCH", path, { url: "ftp://x.example" })).status).toBe(422);
  const stranger = await addTenant(plane);
  expect(
    (await admin("PATCH", `${stranger.id}/webhooks/${endpoint.id}`, { enabled: false })).status,
  ).toBe(404);
});

test("an endpoint beyond the tenant's quota is refused", async () => {
  const tenant = await addTenant(plane);
  await plane.sql.query("update tenants set max_webhook_endpoints = 2 where tenant_id = $1", [
    tenant.id,
  ]);
  const add = () => admin("POST", `${tenant.id}/webhooks`, { url: "https://example.com/" });
  expect([(await add()).status, (await add()).status]).toEqual([201, 201]);
  expect(await add()).toMatchObject({ status: 409, body: { code: "quota_exceeded" } });
  expect(await admin("PATCH", tenant.id, { webhook_url: "https://example.com/" })).toMatchObject({
    status: 409,
    body: { code: "quota_exceeded" },
  });
  expect((await admin("PATCH", tenant.id, { max_webhook_endpoints: 3 })).status).toBe(200);
  expect((await add()).status).toBe(201);
});

test("a deleted endpoint receives nothing more", async () => {
  const { tenant, receiver, endpoint } = await tenantWithDeliveries(1);
  const other = await receive();
  await addEndpoint(plane, tenant.id, { url: other.url });
  expect((await admin("DELETE", `${tenant.id}/webhooks/${endpoint.id}`)).status).toBe(204);
  await emitEvents(plane.sql, tenant.id, [{}]);
  await other.next(() => true);
  expect(receiver.deliveries).toHaveLength(1);
  expect((await deliveriesOf(tenant, `endpoint_id=${endpoint.id}`)).data).toEqual([]);
});
