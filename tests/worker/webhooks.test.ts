import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { until } from "../support/api.ts";
import { receiveWebhooks } from "../support/webhook-receiver.ts";
import { addEndpoint, waitForHubs } from "./endpoints.ts";
import { emitEvents } from "./events.ts";
import { type ControlPlane, startControlPlane } from "./start-control-plane.ts";
import { addTenant } from "./tenants.ts";

let plane: ControlPlane;
const stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  plane = await startControlPlane();
  await waitForHubs(plane);
});
afterAll(async () => {
  if (process.env["SHOW"]) console.log(plane.log.join("\n"));
  await plane.stop();
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function receive(answer?: Parameters<typeof receiveWebhooks>[0]) {
  const receiver = await receiveWebhooks(answer);
  stops.push(receiver.stop);
  return receiver;
}

async function deliveryRows(tenantId: string) {
  const { rows } = await plane.sql.query<{
    status: string;
    attempts: number;
    status_code: number | null;
    error: string | null;
    next_in: number;
  }>(
    `select status, attempts, status_code, error,
            extract(epoch from next_attempt_at - now())::float8 as next_in
     from webhook_deliveries where tenant_id = $1 order by id`,
    [tenantId],
  );
  return rows;
}

test("an event is delivered at once with both signatures, and the result is recorded", async () => {
  const tenant = await addTenant(plane);
  const receiver = await receive();
  const { secret } = await addEndpoint(plane, tenant.id, { url: receiver.url });
  await emitEvents(plane.sql, tenant.id, [{ data: { message: "Perché no? 👍" } }]);
  const { headers, raw, event } = await receiver.next(() => true, 2_000);

  expect(event).toMatchObject({
    type: "message.received",
    tenant_id: tenant.id,
    session_id: "main",
    seq: 1,
    data: { message: "Perché no? 👍" },
  });
  expect(new Webhook(secret).verify(raw, headers)).toEqual(event);
  expect(headers).toMatchObject({
    "content-type": "application/json",
    "webhook-id": event.id,
    "x-webhook-source": "whatsapp-microservice",
    "x-webhook-event": "message.received",
    "x-webhook-attempt": "1",
    "x-webhook-signature": `sha256=${createHmac("sha256", secret).update(raw).digest("hex")}`,
  });
  const [row] = await until(
    () => deliveryRows(tenant.id),
    ([first]) => first?.status === "delivered",
  );
  expect(row).toMatchObject({ attempts: 1, status_code: 200, error: null });
});

test("a failed delivery is retried after 5 s with the same id", async () => {
  const tenant = await addTenant(plane);
  let refusals = 1;
  const receiver = await receive(() => (refusals-- > 0 ? 500 : 204));
  await addEndpoint(plane, tenant.id, { url: receiver.url });
  await emitEvents(plane.sql, tenant.id, [{}]);
  const first = await receiver.next(() => true);
  const second = await receiver.next(({ headers }) => headers["x-webhook-attempt"] === "2", 8_000);
  expect(second.headers["webhook-id"]).toBe(first.headers["webhook-id"]);
  expect(second.raw).toBe(first.raw);
});

test("a delivery is a dead letter after the fourth failure", async () => {
  const tenant = await addTenant(plane);
  const receiver = await receive(() => 503);
  const { id } = await addEndpoint(plane, tenant.id, { url: receiver.url });
  await emitEvents(plane.sql, tenant.id, [{}]);
  const waits: number[] = [];
  for (const attempt of [1, 2, 3, 4]) {
    const [row] = await until(
      () => deliveryRows(tenant.id),
      ([first]) => first?.attempts === attempt && first.status_code !== null,
    );
    waits.push(row?.next_in ?? 0);
    expect(row).toMatchObject({
      status: attempt === 4 ? "dead" : "pending",
      status_code: 503,
      error: "The endpoint responded with 503",
    });
    // Make the next attempt due now and notify the dispatcher.
    await plane.sql.query(
      "update webhook_deliveries set next_attempt_at = now(), status_code = null where tenant_id = $1 and status = 'pending'",
      [tenant.id],
    );
    await plane.sql.query("select public.notify_hub($1, 1, array[$2]::uuid[])", [tenant.id, id]);
  }
  for (const [index, seconds] of [5, 30, 300].entries()) {
    expect(waits[index]).toBeGreaterThan(seconds * 0.8);
    expect(waits[index]).toBeLessThan(seconds * 1.2);
  }
});

test("redirects are not followed", async () => {
  const tenant = await addTenant(plane);
  const target = await receive();
  const redirecting = createServer((_, response) => {
    response.writeHead(307, { location: target.url }).end();
  });
  redirecting.listen(0, "127.0.0.1");
  await once(redirecting, "listening");
  stops.push(async () => {
    redirecting.closeAllConnections();
    redirecting.close();
  });
  const address = redirecting.address();
  const port = typeof address === "object" ? address?.port : 0;
  await addEndpoint(plane, tenant.id, { url: `http://127.0.0.1:${port}/` });
  await emitEvents(plane.sql, tenant.id, [{}]);
  await until(
    () => deliveryRows(tenant.id),
    ([row]) => row?.error === "The endpoint responded with 307",
  );
  expect(target.deliveries).toHaveLength(0);
});

test("an endpoint that hangs does not delay another one", async () => {
  const [slow, quick] = [await addTenant(plane), await addTenant(plane)];
  const silent = createServer(() => {});
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  stops.push(async () => {
    silent.closeAllConnections();
    silent.close();
  });
  const address = silent.address();
  const port = typeof address === "object" ? address?.port : 0;
  const receiver = await receive();
  await addEndpoint(plane, slow.id, { url: `http://127.0.0.1:${port}/` });
  await addEndpoint(plane, quick.id, { url: receiver.url });
  await addEndpoint(plane, slow.id, { url: receiver.url });
  await emitEvents(
    plane.sql,
    slow.id,
    Array.from({ length: 200 }, () => ({})),
  );
  await emitEvents(
    plane.sql,
    quick.id,
    Array.from({ length: 200 }, () => ({})),
  );
  await until(
    async () => receiver.deliveries.length,
    (count) => count >= 400,
    8_000,
  );
  expect(new Set(receiver.deliveries.map(({ event }) => event.id)).size).toBe(400);
});

test("two requests that hang do not delay the other chats of their endpoint", async () => {
  const tenant = await addTenant(plane);
  let silences = 2;
  const taken = new Set<string>();
  const server = createServer((request, response) => {
    request.resume();
    if (silences-- > 0) return;
    taken.add(String(request.headers["webhook-id"]));
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stops.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  await addEndpoint(plane, tenant.id, { url: `http://127.0.0.1:${port}/` });
  await emitEvents(
    plane.sql,
    tenant.id,
    Array.from({ length: 50 }, (_, chat) => ({ data: { chat_id: `chat-${chat}` } })),
  );
  await until(
    async () => taken.size,
    (count) => count === 48,
    8_000,
  );
});

test("an endpoint receives only the event types it was created for", async () => {
  const tenant = await addTenant(plane);
  const receiver = await receive();
  await addEndpoint(plane, tenant.id, { url: receiver.url, events: ["session.connected"] });
  await emitEvents(plane.sql, tenant.id, [{}, { type: "session.connected" }]);
  const { event } = await receiver.next(() => true);
  expect(event.type).toBe("session.connected");
  await until(
    () => deliveryRows(tenant.id),
    (rows) => rows.length === 1,
  );
});
