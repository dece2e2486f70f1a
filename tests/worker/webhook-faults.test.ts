import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { until } from "../support/api.ts";
import { type Answer, type Delivery, receiveWebhooks } from "../support/webhook-receiver.ts";
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
afterAll(() => plane.stop());
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function receive(answer?: Answer) {
  const receiver = await receiveWebhooks(answer);
  stops.push(receiver.stop);
  return receiver;
}

const never: Answer = () => undefined;

/** Events of `chats` chats in turn. */
function eventsOf(count: number, chats = count) {
  return Array.from({ length: count }, (_, n) => ({
    data: { chat_id: `chat-${n % chats}`, n, text: "x".repeat(300) },
  }));
}

async function rowsOf(endpointId: string) {
  const { rows } = await plane.sql.query<{
    status: string;
    status_code: number | null;
    response: string | null;
    error: string | null;
    duration_ms: number;
  }>("select * from webhook_deliveries where endpoint_id = $1 order by id", [endpointId]);
  return rows;
}

function seqsByChat(deliveries: Delivery[]): Map<string, number[]> {
  const chats = new Map<string, number[]>();
  for (const { event } of deliveries) {
    const chat = String(event.data["chat_id"]);
    chats.set(chat, [...(chats.get(chat) ?? []), event.seq]);
  }
  return chats;
}

test("20 hanging endpoints of one tenant do not delay the deliveries of another", async () => {
  const [slow, quick] = [await addTenant(plane), await addTenant(plane)];
  const hanging = await receive(never);
  for (let n = 0; n < 20; n++) await addEndpoint(plane, slow.id, { url: hanging.url });
  await emitEvents(plane.sql, slow.id, eventsOf(100));
  await until(
    async () => hanging.deliveries.length,
    (count) => count >= 20,
  );

  const receiver = await receive();
  await addEndpoint(plane, quick.id, { url: receiver.url });
  for (let n = 1; n <= 50; n++) {
    await emitEvents(plane.sql, quick.id, eventsOf(1));
    await emitEvents(plane.sql, slow.id, eventsOf(1));
    await receiver.next(({ event }) => event.seq === n, 2_000);
  }
});

test("a hanging endpoint does not delay the other endpoints of its tenant", async () => {
  const tenant = await addTenant(plane);
  const [hanging, receiver] = [await receive(never), await receive()];
  await addEndpoint(plane, tenant.id, { url: hanging.url });
  await addEndpoint(plane, tenant.id, { url: receiver.url });
  await emitEvents(plane.sql, tenant.id, eventsOf(200));
  await until(
    async () => receiver.deliveries.length,
    (count) => count === 200,
    5_000,
  );
});

test.each<[string, Answer, number]>([
  [
    "endless",
    (_, response) => {
      response.writeHead(200);
      const write = () => {
        while (response.write("spam ".repeat(2_000)));
        response.once("drain", write);
      };
      write();
      return undefined;
    },
    200,
  ],
  [
    "dripping",
    (_, response) => {
      response.writeHead(200).write("drip");
      const timer = setInterval(() => response.write("."), 50);
      response.once("close", () => clearInterval(timer));
      return undefined;
    },
    200,
  ],
  [
    "dripping and negative",
    (_, response) => {
      response.writeHead(500).write("no");
      const timer = setInterval(() => response.write("."), 50);
      response.once("close", () => clearInterval(timer));
      return undefined;
    },
    500,
  ],
])("an answer that is %s counts by its status and is cut", async (_, answer, statusCode) => {
  const tenant = await addTenant(plane);
  const closed: Promise<void>[] = [];
  const receiver = await receive((delivery, response) => {
    closed.push(new Promise((resolve) => response.once("close", () => resolve())));
    return answer(delivery, response);
  });
  const { id } = await addEndpoint(plane, tenant.id, { url: receiver.url });
  await emitEvents(plane.sql, tenant.id, eventsOf(1));
  const [row] = await until(
    () => rowsOf(id),
    (rows) => rows.length === 1,
    5_000,
  );
  expect(row).toMatchObject({
    status: statusCode === 200 ? "delivered" : "pending",
    status_code: statusCode,
  });
  expect(row?.response?.length).toBeLessThanOrEqual(200);
  expect(row?.duration_ms).toBeLessThan(3_000);
  await Promise.all(closed);
});

test("a request without an answer ends after 10 seconds and is tried again", async () => {
  const tenant = await addTenant(plane);
  const receiver = await receive(never);
  const { id } = await addEndpoint(plane, tenant.id, { url: receiver.url });
  await emitEvents(plane.sql, tenant.id, eventsOf(1));
  const [row] = await until(
    () => rowsOf(id),
    (rows) => rows.length === 1,
    14_000,
  );
  expect(row).toMatchObject({
    status: "pending",
    status_code: null,
    error: "The endpoint did not respond within 10 s",
  });
  expect(row?.duration_ms).toBeGreaterThanOrEqual(9_900);
  expect(row?.duration_ms).toBeLessThan(12_000);
});

test("410 switches the endpoint off at once; enabled again, it goes on where it was", async () => {
  const tenant = await addTenant(plane);
  let status = 410;
  const [gone, other] = [await receive(() => status), await receive()];
  const { id } = await addEndpoint(plane, tenant.id, { url: gone.url });
  await addEndpoint(plane, tenant.id, { url: other.url });
  await emitEvents(plane.sql, tenant.id, [{ data: { chat_id: "a" } }]);
  const { event } = await other.next(
    ({ headers }) => headers["x-webhook-event"] === "webhook.disabled",
  );
  expect(event.data).toEqual({ endpoint_id: id, url: gone.url, reason: "gone" });
  const before = gone.deliveries.length;
  await emitEvents(plane.sql, tenant.id, eventsOf(3));
  await other.next(({ event: { seq } }) => seq === 5);
  expect(gone.deliveries).toHaveLength(before);
  expect(await rowsOf(id)).toMatchObject([{ status: "dead", status_code: 410 }]);

  status = 200;
  await plane.sql.query("update webhook_endpoints set enabled = true where id = $1", [id]);
  await gone.next(({ event: { seq } }) => seq === 5, 5_000);
  expect(gone.deliveries.map(({ event: { seq } }) => seq).toSorted()).toEqual([1, 2, 3, 4, 5]);
});

test("a slow receiver has at most five requests at a time", async () => {
  const tenant = await addTenant(plane);
  let inFlight = 0;
  let most = 0;
  const receiver = await receive(async () => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    await sleep(200);
    inFlight -= 1;
    return 200;
  });
  await addEndpoint(plane, tenant.id, { url: receiver.url });
  await emitEvents(plane.sql, tenant.id, eventsOf(40));
  await until(
    async () => receiver.deliveries.length,
    (count) => count === 40,
    5_000,
  );
  expect(most).toBe(5);
});

test("a failing endpoint gets one request at a time, and pauses that grow", async () => {
  const tenant = await addTenant(plane);
  const times: number[] = [];
  const receiver = await receive(() => {
    times.push(Date.now());
    return 500;
  });
  const { id } = await addEndpoint(plane, tenant.id, { url: receiver.url });
  await emitEvents(plane.sql, tenant.id, eventsOf(1_000));
  await sleep(9_000);
  // Five at once, then one after 2 and one after 4 more seconds.
  expect(times.length).toBeGreaterThanOrEqual(6);
  expect(times.length).toBeLessThanOrEqual(8);
  expect((await rowsOf(id)).length).toBeLessThanOrEqual(8);
  // Nobody hears of it, and the log keeps the rest.
  const { rows } = await plane.sql.query<{ cursor_seq: string }>(
    "select cursor_seq from webhook_endpoints where id = $1",
    [id],
  );
  expect(Number(rows[0]?.cursor_seq)).toBeLessThan(20);
});

test("under load each chat's events arrive in order, whatever the receiver's delays", async () => {
  const tenant = await addTenant(plane);
  const receiver = await receive(async () => {
    await sleep(Math.random() * 30);
    return 200;
  });
  await addEndpoint(plane, tenant.id, { url: receiver.url });
  for (let n = 0; n < 30; n++) {
    await emitEvents(plane.sql, tenant.id, eventsOf(20, 10));
  }
  await until(
    async () => receiver.deliveries.length,
    (count) => count >= 600,
    15_000,
  );
  const chats = seqsByChat(receiver.deliveries);
  expect(chats.size).toBe(10);
  for (const seqs of chats.values()) expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  expect(new Set(receiver.deliveries.map(({ event }) => event.id)).size).toBe(600);
});

test("a message that is being retried holds up no later message of its chat", async () => {
  const tenant = await addTenant(plane);
  const receiver = await receive(({ event, headers }) =>
    event.seq === 2 && headers["x-webhook-attempt"] === "1" ? 500 : 200,
  );
  await addEndpoint(plane, tenant.id, { url: receiver.url });
  await emitEvents(plane.sql, tenant.id, eventsOf(5, 1));
  await receiver.next(({ event }) => event.seq === 5, 2_000);
  await receiver.next(
    ({ event, headers }) => event.seq === 2 && headers["x-webhook-attempt"] === "2",
  );
  expect(receiver.deliveries.map(({ event }) => event.seq)).toEqual([1, 2, 3, 4, 5, 2]);
});

test("a backlog of 5,000 events drains, each delivered once and logged", async () => {
  const tenant = await addTenant(plane);
  const receiver = await receive();
  const { id } = await addEndpoint(plane, tenant.id, { url: receiver.url });
  await plane.sql.query("update webhook_endpoints set enabled = false where id = $1", [id]);
  for (let n = 0; n < 10; n++) await emitEvents(plane.sql, tenant.id, eventsOf(500, 100));
  await plane.sql.query("update webhook_endpoints set enabled = true where id = $1", [id]);
  await until(
    async () => receiver.deliveries.length,
    (count) => count >= 5_000,
    50_000,
  );
  expect(receiver.deliveries).toHaveLength(5_000);
  for (const seqs of seqsByChat(receiver.deliveries).values()) {
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  }
  await until(
    async () => (await rowsOf(id)).length,
    (count) => count === 5_000,
  );
});

test("a restart of the Worker in the middle loses no event", async () => {
  const tenant = await addTenant(plane);
  const receiver = await receive(async () => {
    await sleep(5);
    return 200;
  });
  const { id } = await addEndpoint(plane, tenant.id, { url: receiver.url });
  await emitEvents(plane.sql, tenant.id, eventsOf(1_000, 50));
  await until(
    async () => receiver.deliveries.length,
    (count) => count >= 200,
  );
  await plane.stopWorker();
  expect(receiver.deliveries.length).toBeLessThan(1_000);
  await emitEvents(plane.sql, tenant.id, eventsOf(100, 50));
  await plane.startWorker();
  const ids = () => new Set(receiver.deliveries.map(({ event }) => event.id)).size;
  await until(
    async () => ids(),
    (count) => count === 1_100,
    20_000,
  );
  await until(
    async () => (await rowsOf(id)).length,
    (count) => count === 1_100,
  );
  // What was in flight or not recorded yet came twice, with the same id.
  expect(receiver.deliveries.length).toBeLessThan(1_100 + 200);
}, 60_000);
