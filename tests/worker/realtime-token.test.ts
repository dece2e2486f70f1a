import { setTimeout as sleep } from "node:timers/promises";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { inbox } from "../../local/supabase/testing/channels.ts";
import type { Event } from "../../shared/event.ts";
import { call, type Tenant } from "../support/api.ts";
import { emitEvents } from "./events.ts";
import { adminKey, type ControlPlane, startControlPlane } from "./start-control-plane.ts";
import { addKey, addTenant } from "./tenants.ts";

interface Token {
  url: string;
  anon_key: string;
  token: string;
  expires_at: string;
  topic: string;
}

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.stop());

async function issue(tenant: Tenant, body?: unknown): Promise<Token> {
  const answer = await call<Token>("POST", `${plane.url}/tenant/realtime-token`, {
    headers: tenant.headers,
    ...(body === undefined ? {} : { body }),
  });
  expect(answer.status).toBe(201);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  return answer.body;
}

/** What a frontend does: nothing but supabase-js with what the endpoint answered. */
async function connect({ url, anon_key, token }: Token): Promise<SupabaseClient> {
  const client = createClient(url, anon_key, { accessToken: () => Promise.resolve(token) });
  onTestFinished(() => void client.realtime.disconnect());
  // Otherwise the first join carries the anon key.
  await client.realtime.setAuth();
  return client;
}

/** Joins a private channel; resolves with what became of that. */
async function join(client: SupabaseClient, topic: string) {
  const events = inbox<Event>();
  const states = inbox<string>();
  const channel = client.channel(topic, { config: { private: true } });
  channel.on("broadcast", { event: "*" }, ({ payload }) => events.add(payload as Event));
  channel.subscribe((state, error) => states.add(error ? `${state}: ${error.message}` : state));
  const [state] = await states.waitFor(1);
  return { channel, events, states, state };
}

const say = (tenant: Tenant, text: string) =>
  emitEvents(plane.sql, tenant.id, [{ data: { text } }]);

const textsOf = (events: Event[]) => events.map(({ data }) => data["text"]);

test("supabase-js sees the tenant's events live with the token, and no other tenant's", async () => {
  const [a, b] = [await addTenant(plane), await addTenant(plane)];
  await say(a, "before anybody listens");
  const [tokenA, tokenB] = [await issue(a), await issue(b)];
  expect(tokenA).toMatchObject({
    url: plane.supabaseUrl,
    anon_key: plane.anonKey,
    topic: `tenant:${a.id}:events`,
  });
  const [atA, atB] = [
    await join(await connect(tokenA), tokenA.topic),
    await join(await connect(tokenB), tokenB.topic),
  ];
  expect([atA.state, atB.state]).toEqual(["SUBSCRIBED", "SUBSCRIBED"]);
  await say(a, "one");
  await say(b, "two");
  await say(a, "three");
  expect(textsOf(await atA.events.waitFor(2))).toEqual(["one", "three"]);
  expect(textsOf(await atB.events.waitFor(1))).toEqual(["two"]);
  expect(atA.events.received[0]).toMatchObject({
    id: expect.stringMatching(/^evt_[0-9a-f]{32}$/),
    type: "message.received",
    tenant_id: a.id,
    session_id: "main",
    seq: 2,
  });
});

test("the token joins no other topic and sends nothing", async () => {
  const [a, b] = [await addTenant(plane), await addTenant(plane)];
  const [tokenA, tokenB] = [await issue(a), await issue(b)];
  const client = await connect(tokenA);
  for (const topic of [tokenB.topic, `tenant:${a.id}`, "connectors", "hub:0", "connector:x"]) {
    expect((await join(client, topic)).state).toMatch(/^CHANNEL_ERROR: .*Unauthorized/);
  }
  const own = await join(client, tokenA.topic);
  expect(own.state).toBe("SUBSCRIBED");
  const other = await join(await connect(tokenA), tokenA.topic);
  await other.channel.send({
    type: "broadcast",
    event: "message.received",
    payload: { forged: 1 },
  });
  await say(a, "real");
  expect(textsOf(await own.events.waitFor(1))).toEqual(["real"]);
});

test("by row-level security the token reads its tenant's sessions, messages and events", async () => {
  const [a, b] = [await addTenant(plane), await addTenant(plane)];
  for (const tenant of [a, b]) {
    await tenant.post("/tenant/sessions", { session_id: "main" });
    await plane.sql.query(
      "insert into messages (tenant_id, session_id, phone_number, message, status) values ($1, 'main', '393331234567', $1, 'QUEUED')",
      [tenant.id],
    );
    await say(tenant, tenant.id);
  }
  const client = await connect(await issue(a));
  const sessions = await client.from("session_resources").select("tenant_id,session_id,state");
  expect(sessions.data).toEqual([{ tenant_id: a.id, session_id: "main", state: "created" }]);
  const messages = await client.from("message_resources").select().order("id");
  expect(messages.data).toMatchObject([{ tenant_id: a.id, text: a.id, status: "QUEUED" }]);
  const events = await client.from("event_resources").select().gt("seq", 0).order("seq");
  expect(events.data?.at(-1)).toMatchObject({ tenant_id: a.id, data: { text: a.id } });
  expect(new Set(events.data?.map(({ tenant_id }) => tenant_id))).toEqual(new Set([a.id]));
  const ofB = await client.from("message_resources").select().eq("tenant_id", b.id);
  expect(ofB.data).toEqual([]);

  const denied = [
    await client.from("api_keys").select("id"),
    await client.from("webhook_endpoints").select("url"),
    await client.from("session_credentials").select(),
    await client.from("messages").insert({ tenant_id: a.id, session_id: "main", message: "x" }),
    await client.from("messages").update({ message: "x" }).eq("tenant_id", a.id),
    await client.from("whatsapp_sessions").delete().eq("tenant_id", a.id),
    await client.rpc("open_audience", { tenant_id: a.id, listening_until: "2099-01-01" }),
  ];
  expect(denied.map(({ error }) => error?.code)).toEqual(denied.map(() => "42501"));
  expect((await client.storage.from("whatsapp-media").list(a.id)).data ?? []).toEqual([]);
});

test("postgres_changes is refused when the channel is joined", async () => {
  const tenant = await addTenant(plane);
  const client = await connect(await issue(tenant));
  for (const table of ["messages", "whatsapp_sessions", "events", "*"]) {
    const states = inbox<string>();
    const channel = client.channel(`changes of ${table}`, { config: { private: false } });
    channel.on("postgres_changes", { event: "*", schema: "public", table }, () => {});
    channel.subscribe((state, error) => states.add(error ? `${state}: ${error.message}` : state));
    expect((await states.waitFor(1))[0]).toMatch(
      /^CHANNEL_ERROR: .*Unable to subscribe to changes/,
    );
    await client.removeChannel(channel);
  }
});

test("a token ends when it expires: the channel is closed and nothing can be read", async () => {
  const tenant = await addTenant(plane);
  await tenant.post("/tenant/sessions", { session_id: "main" });
  const token = await issue(tenant, { expires_in: 10 });
  const client = await connect(token);
  const { channel, state } = await join(client, token.topic);
  expect(state).toBe("SUBSCRIBED");
  const closed = inbox<unknown>();
  channel.on("system", {}, (message) => closed.add(message));
  expect((await client.from("session_resources").select("session_id")).data).toHaveLength(1);
  expect((await closed.waitFor(1))[0]).toMatchObject({ status: "error" });
  expect(Date.now()).toBeGreaterThan(Date.parse(token.expires_at) - 1_000);
  await sleep(Math.max(0, Date.parse(token.expires_at) + 1_000 - Date.now()));
  const { data, error } = await client.from("session_resources").select("session_id");
  expect([data, error?.code]).toEqual([null, "PGRST303"]);
  expect((await join(await connect(token), token.topic)).state).toMatch(/^CHANNEL_ERROR/);
});

test("a renewed token keeps the channel open", async () => {
  const tenant = await addTenant(plane);
  const first = await issue(tenant, { expires_in: 10 });
  let current = first.token;
  const client = createClient(first.url, first.anon_key, {
    accessToken: () => Promise.resolve(current),
  });
  onTestFinished(() => void client.realtime.disconnect());
  await client.realtime.setAuth();
  const { events } = await join(client, first.topic);
  current = (await issue(tenant)).token;
  await client.realtime.setAuth();
  await sleep(Date.parse(first.expires_at) + 500 - Date.now());
  await say(tenant, "after the first token expired");
  expect(textsOf(await events.waitFor(1))).toEqual(["after the first token expired"]);
});

test("after its key is revoked, a token reads nothing and joins nothing", async () => {
  const tenant = await addTenant(plane);
  await tenant.post("/tenant/sessions", { session_id: "main" });
  const token = await issue(tenant);
  const client = await connect(token);
  expect((await client.from("session_resources").select("session_id")).data).toHaveLength(1);
  const keyId = String(decodeJwt(token.token)["key_id"]);
  const revoked = await call("DELETE", `${plane.url}/admin/tenants/${tenant.id}/keys/${keyId}`, {
    headers: { "X-Admin-Key": adminKey },
  });
  expect(revoked.status).toBe(204);
  expect(await client.from("session_resources").select("session_id")).toMatchObject({ data: [] });
  expect((await join(client, token.topic)).state).toMatch(/^CHANNEL_ERROR: .*Unauthorized/);
});

test("a bound key and one that may only send get no token; a suspended tenant's token reads nothing", async () => {
  const tenant = await addTenant(plane);
  await tenant.post("/tenant/sessions", { session_id: "main" });
  const client = await connect(await issue(tenant));
  for (const change of ["session_ids = '{main}'", "session_ids = null, scopes = '{send}'"]) {
    const key = await addKey(plane, tenant.id, "test");
    await plane.sql.query(
      `update api_keys set ${change} where tenant_id = $1 and key_hash = encode(sha256($2), 'hex')`,
      [tenant.id, Buffer.from(key.key)],
    );
    expect(await key.post("/tenant/realtime-token")).toMatchObject({
      status: 403,
      body: { code: "forbidden" },
    });
  }
  expect((await client.from("session_resources").select("session_id")).data).toHaveLength(1);
  await plane.sql.query("update tenants set suspended_at = now() where tenant_id = $1", [
    tenant.id,
  ]);
  expect(await client.from("session_resources").select("session_id")).toMatchObject({ data: [] });
});

test("events are sent to the topic only while a token may be in use", async () => {
  const [silent, watched] = [await addTenant(plane), await addTenant(plane)];
  await issue(watched, { expires_in: 3_600 });
  await issue(watched, { expires_in: 10 });
  for (const tenant of [silent, watched]) await say(tenant, "x");
  const { rows } = await plane.sql.query<{ topic: string }>(
    "select distinct topic from realtime.messages where topic = any ($1)",
    [[silent, watched].map(({ id }) => `tenant:${id}:events`)],
  );
  expect(rows).toEqual([{ topic: `tenant:${watched.id}:events` }]);
  const audience = await plane.sql.query<{ seconds: number }>(
    "select extract(epoch from listening_until - now())::integer as seconds from realtime_audiences where tenant_id = $1",
    [watched.id],
  );
  expect(audience.rows[0]?.seconds).toBeGreaterThan(3_500);
});

test("without a body a token lasts 10 minutes; other lifetimes than 10 s to 1 h are refused", async () => {
  const tenant = await addTenant(plane);
  const { exp, iat, ...claims } = decodeJwt((await issue(tenant)).token);
  expect((exp ?? 0) - (iat ?? 0)).toBe(600);
  expect(claims).toEqual({
    role: "authenticated",
    aud: "authenticated",
    tenant_id: tenant.id,
    key_id: expect.any(String),
  });
  for (const body of [
    { expires_in: 3_601 },
    { expires_in: 9 },
    { expires_in: "60" },
    { ttl: 60 },
  ]) {
    const answer = await tenant.post("/tenant/realtime-token", body);
    expect(answer).toMatchObject({ status: 422, body: { code: "invalid_request" } });
  }
  expect(await call("POST", `${plane.url}/tenant/realtime-token`)).toMatchObject({ status: 401 });
});
