import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Tenant } from "../support/api.ts";
import { openStream, type Stream } from "../support/sse.ts";
import { emitEvents } from "./events.ts";
import { type ControlPlane, startControlPlane } from "./start-control-plane.ts";
import { addTenant } from "./tenants.ts";

let plane: ControlPlane;
const open: Stream[] = [];
beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.stop());
afterEach(() => {
  for (const stream of open.splice(0)) stream.close();
});

async function follow(tenant: Tenant, path: string, after?: number) {
  const stream = await openStream(tenant, path, after);
  open.push(stream);
  return stream;
}

async function emit(tenantId: string, count: number, data: Record<string, unknown> = {}) {
  await emitEvents(
    plane.sql,
    tenantId,
    Array.from({ length: count }, (_, index) => ({ data: { index, ...data } })),
  );
}

/** A stream whose bytes are not read until the test reads them. */
async function openRaw(tenant: Tenant): Promise<IncomingMessage> {
  const request = get(`${tenant.url}/tenant/events/stream`, {
    headers: tenant.headers,
    agent: false,
  });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return response;
}

const seqs = (stream: Stream) => stream.events.map((event) => event.seq);
const oneTo = (last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

test("a stream starts with new events", async () => {
  const tenant = await addTenant(plane);
  await emit(tenant.id, 2);
  const stream = await follow(tenant, "/tenant/events/stream");
  await emit(tenant.id, 3);
  await stream.next((event) => event.seq === 5);
  expect(seqs(stream)).toEqual([3, 4, 5]);
  expect(stream.events[0]).toMatchObject({
    id: expect.stringMatching(/^evt_[0-9a-f]{32}$/),
    type: "message.received",
    tenant_id: tenant.id,
    session_id: "main",
    data: { index: 0 },
  });
});

test("a stream resumes across many pages while events continue, without gaps or duplicates", async () => {
  const tenant = await addTenant(plane);
  await emit(tenant.id, 1_700);
  const early = await follow(tenant, "/tenant/events/stream", 0);
  const writing = (async () => {
    for (let round = 0; round < 40; round += 1) await emit(tenant.id, 5);
  })();
  const late = await Promise.all(
    [0, 1, 500, 1_699].map((after) => follow(tenant, "/tenant/events/stream", after)),
  );
  await writing;
  await Promise.all([early, ...late].map((stream) => stream.next((event) => event.seq === 1_900)));
  expect(seqs(early)).toEqual(oneTo(1_900));
  for (const [index, after] of [0, 1, 500, 1_699].entries()) {
    expect(late[index] && seqs(late[index])).toEqual(oneTo(1_900, after + 1));
  }
});

test("a client that stops reading for a while misses nothing and does not slow down others", async () => {
  const tenant = await addTenant(plane);
  const stalled = await openRaw(tenant);
  const reading = await follow(tenant, "/tenant/events/stream");
  for (let round = 0; round < 12; round += 1) {
    await emit(tenant.id, 500, { text: "x".repeat(2_000) });
  }
  await reading.next((event) => event.seq === 6_000);
  expect(seqs(reading)).toEqual(oneTo(6_000));

  const ids: number[] = [];
  let rest = "";
  for await (const chunk of stalled) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("id: ")) ids.push(Number(line.slice(4)));
    if (ids.at(-1) === 6_000) break;
  }
  // The stream begins with the id that it starts after.
  expect(ids).toEqual([0, ...oneTo(6_000)]);
});

test("a position beyond the last event means new events", async () => {
  const tenant = await addTenant(plane);
  const stream = await follow(tenant, "/tenant/events/stream", 1_000);
  await emit(tenant.id, 1);
  await expect(stream.next(() => true)).resolves.toMatchObject({ seq: 1 });
});

test("a session's stream has only the message events of that session", async () => {
  const tenant = await addTenant(plane);
  for (const id of ["main", "other"]) await tenant.post("/tenant/sessions", { session_id: id });
  const stream = await follow(tenant, "/session/main/messages/stream");
  await emitEvents(plane.sql, tenant.id, [
    { type: "session.connected" },
    { type: "message.sent", sessionId: "other" },
    { type: "message.sent" },
  ]);
  const seen = await stream.next(() => true);
  expect(seen).toMatchObject({ type: "message.sent", session_id: "main" });
  expect(stream.events).toHaveLength(1);
});

test("a tenant never receives events of another tenant", async () => {
  const [one, two] = [await addTenant(plane), await addTenant(plane)];
  const stream = await follow(one, "/tenant/events/stream", 0);
  await emit(two.id, 3);
  await emit(one.id, 1);
  await stream.next(() => true);
  expect(stream.events.map((event) => event.tenant_id)).toEqual([one.id]);
});

test("a stream requires a key, an existing session and a numeric position", async () => {
  const tenant = await addTenant(plane);
  const ask = (path: string, headers: Record<string, string> = tenant.headers) =>
    fetch(plane.url + path, { headers });
  expect((await ask("/tenant/events/stream", {})).status).toBe(401);
  expect((await ask("/session/absent/messages/stream")).status).toBe(404);
  expect((await ask("/tenant/events/stream?last_event_id=x")).status).toBe(422);
});

test.each([
  ["its key is revoked", "update api_keys set revoked_at = now() where tenant_id = $1"],
  ["its key expires", "update api_keys set expires_at = now() where tenant_id = $1"],
  ["its tenant is deleted", "delete from tenants where tenant_id = $1"],
])(
  "a stream is closed within 10 seconds when %s, and others stay open",
  async (_, sql) => {
    const [tenant, other] = [await addTenant(plane), await addTenant(plane)];
    const streams = [
      await follow(tenant, "/tenant/events/stream"),
      await follow(tenant, "/tenant/events/stream", 0),
    ];
    const untouched = await follow(other, "/tenant/events/stream");
    await plane.sql.query(sql, [tenant.id]);
    await Promise.all(streams.map((stream) => stream.ended));
    await emit(other.id, 1);
    await expect(untouched.next(() => true)).resolves.toMatchObject({ seq: 1 });
  },
  10_000,
);

test("a stream says at its start where it starts, so that a drop before the first event loses none", async () => {
  const tenant = await addTenant(plane);
  await emit(tenant.id, 3);
  const response = await fetch(`${plane.url}/tenant/events/stream`, { headers: tenant.headers });
  const { value } = (await response.body?.getReader().read()) ?? {};
  expect(new TextDecoder().decode(value)).toBe("retry: 1000\nid: 3\n: connected\n\n");
  await emit(tenant.id, 2);
  const resumed = await follow(tenant, "/tenant/events/stream", 3);
  await resumed.next(({ seq }) => seq === 5);
  expect(seqs(resumed)).toEqual([4, 5]);
});
