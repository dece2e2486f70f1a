import { createHash, randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestDatabase, type TestDatabase } from "../tests/support/database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await startTestDatabase();
});
afterAll(async () => {
  await db.stop();
});

async function rows(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  return (await db.pool.query<Record<string, unknown>>(sql, values)).rows;
}

async function addTenant(webhookUrl: string | null = null): Promise<string> {
  const tenantId = `t_${randomUUID().slice(0, 8)}`;
  await rows("insert into tenants (tenant_id, name, webhook_url) values ($1, 'T', $2)", [
    tenantId,
    webhookUrl,
  ]);
  return tenantId;
}

async function addSession(tenantId: string, sessionId = "main"): Promise<string> {
  const [session] = await rows("select uid from create_session($1, $2, 'Main', null, 'sandbox')", [
    tenantId,
    sessionId,
  ]);
  return String(session?.["uid"]);
}

async function addConnector(leaseMs = 60_000, url = `http://${randomUUID()}`): Promise<string> {
  const id = randomUUID();
  await rows("select register_connector($1, $3, null, '{sandbox}', 500, $2)", [id, leaseMs, url]);
  return id;
}

async function claim(
  connectorId: string,
  uid: string,
): Promise<Record<string, unknown> | undefined> {
  const claimed = await rows("select * from claim_sessions($1, 1000)", [connectorId]);
  return claimed.find((session) => session["uid"] === uid);
}

/** Claims the session and stores the account that is linked to it. */
async function link(connectorId: string, uid: string, phone = "39300"): Promise<void> {
  await claim(connectorId, uid);
  await commit(connectorId, {
    sessions: [{ uid, epoch: 1 }],
    items: [{ kind: "change", uid, patch: { state: "connected", phone } }],
  });
}

function sendItem(uid: string, waMessageId: string = randomUUID()) {
  return {
    kind: "send",
    uid,
    id: randomUUID().replace(/^(.{14})./, "$17"),
    wa_message_id: waMessageId,
    chat_id: "39333@s.whatsapp.net",
    phone: "39333",
    type: "text",
    text: "hi",
    content: "AAAA",
  };
}

async function commit(connectorId: string, writes: object): Promise<unknown> {
  const [row] = await rows("select commit_writes($1, $2) as result", [
    connectorId,
    JSON.stringify(writes),
  ]);
  return row?.["result"];
}

test("a tenant inserted by plain SQL has its key hashed and blanked, and a webhook endpoint", async () => {
  const key = "sk_live_mysaas_abc123xyz789";
  await rows(
    `INSERT INTO tenants (tenant_id, name, api_key, webhook_url, rate_limit_per_minute)
     VALUES ('my_saas', 'My SaaS Application', '${key}', 'https://your-app.com/webhooks/whatsapp', 60)`,
  );

  const [tenant] = await rows("select * from tenants where tenant_id = 'my_saas'");
  expect(tenant?.["api_key"]).toBeNull();
  const hash = createHash("sha256").update(key).digest("hex");
  expect(await rows("select tenant_id, network from authenticate($1)", [hash])).toEqual([
    { tenant_id: "my_saas", network: "live" },
  ]);
  const [endpoint] = await rows("select * from webhook_endpoints where tenant_id = 'my_saas'");
  expect(endpoint).toMatchObject({
    url: "https://your-app.com/webhooks/whatsapp",
    is_default: true,
  });
  expect(tenant?.["webhook_secret"]).toBeNull();
  expect(String(endpoint?.["secret"])).toMatch(/^whsec_.{40,}/);
});

test("an upsert of a tenant adds its key", async () => {
  const tenantId = await addTenant();
  const upsert = (key: string) =>
    rows(
      `insert into tenants (tenant_id, name, api_key) values ($1, 'T', $2)
       on conflict (tenant_id) do update set api_key = excluded.api_key`,
      [tenantId, key],
    );
  await upsert("sk_test_first_key_of_it");
  await upsert("sk_live_second_key_of_it");
  expect(
    await rows("select key_prefix, network from api_keys where tenant_id = $1 order by id", [
      tenantId,
    ]),
  ).toEqual([
    { key_prefix: "sk_test_fi", network: "sandbox" },
    { key_prefix: "sk_live_se", network: "live" },
  ]);
});

test("a malformed key is refused with what to do", async () => {
  await expect(
    rows("insert into tenants (tenant_id, name, api_key) values ('bad', 'B', 'secret')"),
  ).rejects.toThrow(/sk_live_ or sk_test_/);
});

test("a revoked or expired key does not authenticate", async () => {
  const tenantId = await addTenant();
  const hash = createHash("sha256").update(tenantId).digest("hex");
  await rows(
    "insert into api_keys (tenant_id, network, key_hash, key_prefix) values ($1, 'sandbox', $2, 'h')",
    [tenantId, hash],
  );
  expect(await rows("select from authenticate($1)", [hash])).toHaveLength(1);
  await rows("update api_keys set expires_at = now() where key_hash = $1", [hash]);
  expect(await rows("select from authenticate($1)", [hash])).toHaveLength(0);
  await rows("update api_keys set expires_at = null, revoked_at = now() where key_hash = $1", [
    hash,
  ]);
  expect(await rows("select from authenticate($1)", [hash])).toHaveLength(0);
});

test("a message queued by plain SQL finds its session by the tenant's prefix", async () => {
  await rows("insert into tenants (tenant_id, name) values ('support', 'Support')");
  const uid = await addSession("support");
  await rows(
    `INSERT INTO messages (phone_number, message, status, platform, session_id)
     VALUES ('393331234567', 'Your message', 'QUEUED', 'WHATSAPP', 'support_main')`,
  );
  expect(await rows("select * from message_resources where session_uid = $1", [uid])).toMatchObject(
    [
      {
        tenant_id: "support",
        session_id: "main",
        chat_id: "393331234567@s.whatsapp.net",
        text: "Your message",
        status: "QUEUED",
        source: "queue",
      },
    ],
  );
});

/** Queues by plain SQL and returns whose queue the message is in. */
async function queueTo(sessionId: string, tenantId: string | null = null): Promise<string> {
  const [row] = await rows(
    `insert into messages (phone_number, message, status, platform, session_id, tenant_id)
     values ('393331234567', 'x', 'QUEUED', 'WHATSAPP', $1, $2) returning tenant_id, session_id`,
    [sessionId, tenantId],
  );
  return `${String(row?.["tenant_id"])} ${String(row?.["session_id"])}`;
}

async function refusalOf(
  insert: Promise<unknown>,
): Promise<{ message: string; hint?: string | undefined }> {
  return insert.then(
    () => expect.unreachable("the insert was accepted"),
    ({ message, hint }: { message: string; hint?: string | undefined }) => ({ message, hint }),
  );
}

test("a session that is named like another tenant's does not get that tenant's messages", async () => {
  const [victim, stranger] = [await addTenant(), await addTenant()];
  await addSession(stranger, `${victim}_main`);
  await expect(queueTo(`${victim}_main`)).rejects.toThrow(/no session/);
  await addSession(victim, "main");
  expect(await queueTo(`${victim}_main`)).toBe(`${victim} main`);
  expect(await queueTo(`${stranger}_${victim}_main`)).toBe(`${stranger} ${victim}_main`);
  expect(await queueTo(`${victim}_main`, stranger)).toBe(`${stranger} ${victim}_main`);
});

test("of tenants whose ids begin a session_id, the longest id decides alone", async () => {
  const short = await addTenant();
  const long = `${short}_corp`;
  await rows("insert into tenants (tenant_id, name) values ($1, 'Corp')", [long]);
  await addSession(short, "corp_support");
  const name = `${long}_support`; // also <short>_corp_support

  expect(await refusalOf(queueTo(name))).toEqual({
    message: `no session "${name}": tenant "${long}" has no session "support"`,
    hint: expect.stringContaining("tenant_id"),
  });
  expect(await queueTo(name, short)).toBe(`${short} corp_support`);

  await addSession(long, "support");
  expect(await queueTo(name)).toBe(`${long} support`);
  await rows("select delete_session($1, 'support')", [long]);
  await expect(queueTo(name)).rejects.toThrow(/no session/);
});

test("a tenant cannot block another one's qualified inserts by the names of its sessions", async () => {
  const stranger = await addTenant();
  const victim = `${stranger}_corp`;
  await rows("insert into tenants (tenant_id, name) values ($1, 'Corp')", [victim]);
  await addSession(victim, "main");
  for (const name of ["main", "corp_main", `${victim}_main`]) await addSession(stranger, name);
  expect(await queueTo(`${victim}_main`)).toBe(`${victim} main`);
  expect(await queueTo("main", victim)).toBe(`${victim} main`);
});

test("a name that begins with no tenant id is a session id, of one tenant only", async () => {
  const [one, two] = [await addTenant(), await addTenant()];
  const name = `front_desk_${randomUUID().slice(0, 8)}`;
  await addSession(one, name);
  expect(await queueTo(name)).toBe(`${one} ${name}`);
  await addSession(two, name);
  expect(await refusalOf(queueTo(name))).toEqual({
    message: `session_id "${name}" names sessions of more than one tenant`,
    hint: "Set tenant_id, or write session_id as <tenant_id>_<session_id>.",
  });
  expect(await queueTo(`${one}_${name}`)).toBe(`${one} ${name}`);
});

test("a name that can mean two sessions of its tenant is refused with names that mean one", async () => {
  const tenantId = await addTenant();
  const qualified = `${tenantId}_main`;
  await addSession(tenantId, "main");
  await addSession(tenantId, qualified);
  for (const asked of [null, tenantId]) {
    expect(await refusalOf(queueTo(qualified, asked))).toEqual({
      message: `session_id "${qualified}" names two sessions of tenant "${tenantId}"`,
      hint: `Write session_id "main" with tenant_id "${tenantId}", or session_id "${tenantId}_${qualified}".`,
    });
  }
  expect(await queueTo("main", tenantId)).toBe(`${tenantId} main`);
  expect(await queueTo(`${tenantId}_${qualified}`)).toBe(`${tenantId} ${qualified}`);
});

test("finding the session of an insert scans no table, with thousands of tenants and sessions", async () => {
  const client = await db.pool.connect();
  const scans = async () => {
    const { rows: found } = await client.query(
      `select relname, seq_scan from pg_stat_xact_user_tables
       where relname in ('tenants', 'whatsapp_sessions') order by relname`,
    );
    return found;
  };
  try {
    await client.query("begin"); // and rolled back: other tests claim every session there is
    await client.query(
      "insert into tenants (tenant_id, name) select 'many_' || i, 'M' from generate_series(1, 5000) i",
    );
    await client.query(
      `insert into whatsapp_sessions (tenant_id, session_id, name, network)
       select 'many_' || i, n, 'M', 'sandbox'
       from generate_series(1, 5000) i, unnest(array['main', 'desk_' || i]) n`,
    );
    for (const analyze of [false, true]) {
      if (analyze) await client.query("analyze tenants, whatsapp_sessions");
      const before = await scans();
      for (const [tenantId, name] of [
        [null, "many_77_main"],
        [null, "desk_77"],
        ["many_77", "main"],
      ]) {
        await client.query("select resolve_session($1, $2)", [tenantId, name]);
      }
      expect(await scans()).toEqual(before);
    }
  } finally {
    await client.query("rollback");
    client.release();
  }
});

test("queueing many messages in one statement sends the connectors one notification per session", async () => {
  const tenantId = await addTenant();
  const uid = await addSession(tenantId);
  await rows(
    `insert into messages (tenant_id, session_id, phone_number, message, status)
     select $1, 'main', '393331234567', 'text ' || i, 'QUEUED' from generate_series(1, 100) i`,
    [tenantId],
  );
  const notifications = await rows(
    `select event from realtime.messages
     where topic = 'connectors' and payload ->> 'session_uid' = $1`,
    [uid],
  );
  // The first one is that of create_session.
  expect(notifications).toEqual([{ event: "changed" }, { event: "changed" }]);
});

test("what concerns an owned session is told to its owner alone", async () => {
  const tenantId = await addTenant();
  const uid = await addSession(tenantId);
  const connector = await addConnector();
  await claim(connector, uid);
  await rows("select set_session_desired($1, 'main', 'disconnected')", [tenantId]);
  expect(
    await rows(
      "select topic from realtime.messages where payload ->> 'session_uid' = $1 order by inserted_at",
      [uid],
    ),
  ).toEqual([{ topic: "connectors" }, { topic: `connector:${connector}` }]);
});

test.each([
  ["an ambiguous session", "shared", "393331234567", /more than one tenant/],
  ["an unknown session", "nowhere", "393331234567", /no session "nowhere"/],
  ["half a number", "only", "333", /international number/],
])("a queued message for %s is refused with what to do", async (_, sessionId, phone, said) => {
  const [one, two] = [await addTenant(), await addTenant()];
  await addSession(one, "shared");
  await addSession(two, "shared");
  await addSession(one, "only").catch(() => {});
  await expect(
    rows(
      `insert into messages (phone_number, message, status, platform, session_id)
       values ($1, 'x', 'QUEUED', 'WHATSAPP', $2)`,
      [phone, sessionId === "only" ? `${one}_only` : sessionId],
    ),
  ).rejects.toThrow(said);
});

test("a session has one owner, and the epoch of a replaced one changes nothing", async () => {
  const uid = await addSession(await addTenant());
  const [first, second] = [await addConnector(), await addConnector()];
  expect(await claim(first, uid)).toMatchObject({ epoch: "1" });
  expect(await claim(second, uid)).toBeUndefined();

  await rows("update connectors set lease_expires_at = now() where id = $1", [first]);
  expect(await claim(second, uid)).toMatchObject({ epoch: "2" });

  const change = { kind: "change", uid, patch: { state: "connected", phone: "39333" } };
  expect(await commit(first, { sessions: [{ uid, epoch: 1 }], items: [change] })).toEqual({
    stale: [uid],
    results: [null],
    notifications: [],
  });
  expect(await rows("select state from whatsapp_sessions where uid = $1", [uid])).toEqual([
    { state: "connecting" },
  ]);
  expect(await rows("select renew_lease($1, 1000) as ok", [first])).toEqual([{ ok: false }]);
});

test("a connector that starts again at its address has its sessions at once", async () => {
  const uid = await addSession(await addTenant());
  const first = await addConnector(60_000, "http://same");
  await claim(first, uid);
  await rows("update whatsapp_sessions set state = 'connected', phone = '39333' where uid = $1", [
    uid,
  ]);
  const second = await addConnector(60_000, "http://same");
  expect(await claim(second, uid)).toMatchObject({ epoch: "2", state: "reconnecting" });
  const [session] = await rows("select last_disconnect from session_resources where uid = $1", [
    uid,
  ]);
  expect(session).toMatchObject({ last_disconnect: { reason: "connector_lost" } });
  expect(await rows("select renew_lease($1, 1000) as ok", [first])).toEqual([{ ok: false }]);
});

test("a tenant cannot have more sessions, nor more that wait to be paired, than it may", async () => {
  const tenant = await addTenant();
  await rows(
    "update tenants set max_sessions = 3, max_unpaired_sessions = 2 where tenant_id = $1",
    [tenant],
  );
  await addSession(tenant, "a");
  const second = await addSession(tenant, "b");
  await expect(addSession(tenant, "c")).rejects.toMatchObject({ code: "54000" });
  await rows("update whatsapp_sessions set phone = '39333' where uid = $1", [second]);
  await addSession(tenant, "c");
  await expect(addSession(tenant, "d")).rejects.toThrow(/already has 3 sessions/);

  await rows("select set_session_desired($1, 'a', 'disconnected')", [tenant]);
  await rows("update tenants set max_unpaired_sessions = 1 where tenant_id = $1", [tenant]);
  await expect(
    rows("select set_session_desired($1, 'a', 'connected')", [tenant]),
  ).rejects.toMatchObject({ code: "54000" });
  expect(await rows("select set_session_desired($1, 'b', 'connected') as ok", [tenant])).toEqual([
    { ok: true },
  ]);
  await addSession(await addTenant(), "other");
});

test("paired sessions are claimed first, and a claim reads no others", async () => {
  await rows("select count(*) from claim_sessions($1, 1000)", [await addConnector()]);
  const tenant = await addTenant();
  const unpaired = await Promise.all(["a", "b", "c"].map((id) => addSession(tenant, id)));
  const paired = await addSession(tenant, "paired");
  await rows("update whatsapp_sessions set phone = '39333' where uid = $1", [paired]);
  const connector = await addConnector();
  const claimed = await rows("select uid from claim_sessions($1, 1)", [connector]);
  expect(claimed).toEqual([{ uid: paired }]);
  const others = await rows("select uid from claim_sessions($1, 1000)", [connector]);
  expect(others.map(({ uid }) => uid)).toEqual(expect.arrayContaining(unpaired));
});

test("a connector may register again when the answer of its first call got lost", async () => {
  const id = await addConnector(0);
  await rows("select register_connector($1, 'http://127.0.0.1:1', null, '{sandbox}', 500, 60000)", [
    id,
  ]);
  expect(await rows("select renew_lease($1, 1000) as ok", [id])).toEqual([{ ok: true }]);
});

test("a session whose connector lost its lease is not shown as connected", async () => {
  const uid = await addSession(await addTenant());
  const connector = await addConnector();
  await claim(connector, uid);
  const change = { kind: "change", uid, patch: { state: "connected", phone: "39333" } };
  await commit(connector, { sessions: [{ uid, epoch: 1 }], items: [change] });
  const state = async () => rows("select state from session_resources where uid = $1", [uid]);
  expect(await state()).toEqual([{ state: "connected" }]);
  await rows("update connectors set lease_expires_at = now() where id = $1", [connector]);
  expect(await state()).toEqual([{ state: "reconnecting" }]);
});

test("a receipt that comes before the ack counts as the ack, and a late one moves nothing back", async () => {
  const tenantId = await addTenant();
  const uid = await addSession(tenantId);
  const connector = await addConnector();
  await link(connector, uid);
  const sessions = [{ uid, epoch: 1 }];
  const send = sendItem(uid, "3EB0A");
  const { id } = send;
  const receipt = (status: string) => ({ kind: "receipt", uid, wa_message_id: "3EB0A", status });
  await commit(connector, {
    sessions,
    items: [
      send,
      receipt("READ"),
      { kind: "outcome", uid, id, status: "SENT" },
      receipt("DELIVERED"),
    ],
  });

  expect(await rows("select status from messages where id = $1", [id])).toEqual([
    { status: "READ" },
  ]);
  expect(
    await rows("select type, seq from events where tenant_id = $1 order by seq", [tenantId]),
  ).toEqual([
    { type: "message.sent", seq: "1" },
    { type: "message.read", seq: "2" },
  ]);
});

test("an idempotency key gives the same message once, and refuses another request", async () => {
  const uid = await addSession(await addTenant());
  const connector = await addConnector();
  await link(connector, uid);
  const send = (hash: string) => {
    const item = { ...sendItem(uid), idempotency_key: "order-1", request_hash: hash };
    return commit(connector, { sessions: [{ uid, epoch: 1 }], items: [item] });
  };
  const first = await send("a");
  expect(first).toMatchObject({ results: [{ outcome: "created" }] });
  const { results } = first as { results: [{ message: { id: string } }] };
  expect(await send("a")).toMatchObject({
    results: [{ outcome: "replayed", message: { id: results[0].message.id } }],
  });
  expect(await send("b")).toMatchObject({ results: [{ outcome: "mismatch" }] });
});

/** The rows of a session in the order of their ids, as far as these tests need them. */
async function outcomes(uid: string): Promise<Record<string, unknown>[]> {
  return rows(
    `select message, status, error ->> 'code' as code from messages
     where session_uid = $1 order by id`,
    [uid],
  );
}

test("a log-out fails what is in flight in the same transaction, and refuses what comes after it", async () => {
  const tenantId = await addTenant();
  const uid = await addSession(tenantId);
  const connector = await addConnector();
  await link(connector, uid);
  const [acked, open, late] = [sendItem(uid), sendItem(uid), sendItem(uid)];
  const sessions = [{ uid, epoch: 1 }];
  await commit(connector, { sessions, items: [acked, open] });
  const loggedOut = {
    kind: "change",
    uid,
    patch: { state: "logged_out", phone: null, lid: null },
    event: "session.disconnected",
    event_data: { reason: "logged_out", code: 401 },
  };
  const answer = await commit(connector, {
    sessions,
    clear_auth: [uid],
    items: [{ kind: "outcome", uid, id: acked.id, status: "SENT" }, loggedOut, late],
  });

  expect(answer).toMatchObject({
    results: [
      { status: "SENT" },
      { failed: [{ id: open.id, status: "FAILED", error: { code: "logged_out" } }] },
      { outcome: "not_linked" },
    ],
  });
  const events = await rows("select type, data from events where tenant_id = $1 order by seq", [
    tenantId,
  ]);
  expect(events.map(({ type }) => type)).toEqual([
    "message.sent",
    "message.failed",
    "session.disconnected",
  ]);
  expect(events[1]?.["data"]).toMatchObject({ id: open.id, from: "39300" });
  expect(await rows("select from messages where id = $1", [late.id])).toEqual([]);
});

/** The state that the session is in, and what its tenant wants. */
async function stateOf(uid: string): Promise<Record<string, unknown> | undefined> {
  const [session] = await rows(
    "select state, desired, connector_id is null as is_free from whatsapp_sessions where uid = $1",
    [uid],
  );
  return session;
}

const want = (uid: string, desired: string) =>
  rows(
    "select set_session_desired(tenant_id, session_id, $2) from whatsapp_sessions where uid = $1",
    [uid, desired],
  );

test("a change that is committed again because its answer got lost makes one event", async () => {
  const tenantId = await addTenant();
  const uid = await addSession(tenantId);
  const connector = await addConnector();
  await claim(connector, uid);
  const sessions = [{ uid, epoch: 1 }];
  const change = (number: number, state: string, event: string) => {
    return { kind: "change", uid, number, patch: { state, phone: "39300" }, event };
  };
  const batch = {
    sessions,
    items: [
      change(1, "connected", "session.connected"),
      change(2, "reconnecting", "session.disconnected"),
    ],
  };
  await commit(connector, batch);
  expect(await commit(connector, batch)).toMatchObject({
    results: [{ failed: [] }, { failed: [] }],
  });
  const types = await rows("select type from events where tenant_id = $1 order by seq", [tenantId]);
  expect(types.map(({ type }) => type)).toEqual(["session.connected", "session.disconnected"]);
  expect(await stateOf(uid)).toMatchObject({ state: "reconnecting" });

  // The next owner counts from 1 again.
  await rows("select deregister_connector($1)", [connector]);
  const next = await addConnector();
  await claim(next, uid);
  await commit(next, {
    sessions: [{ uid, epoch: 2 }],
    items: [change(1, "connected", "session.connected")],
  });
  expect(await stateOf(uid)).toMatchObject({ state: "connected" });
});

test("a session that ends by itself stops only if its tenant has said nothing else meanwhile", async () => {
  const connector = await addConnector();
  const replaced = { state: "disconnected", desired: "disconnected" };
  /** Stops a session, as its owner does who has read the first version of the tenant's wish. */
  const stop = (uid: string) =>
    commit(connector, {
      sessions: [{ uid, epoch: 1 }],
      items: [{ kind: "change", uid, number: 1, desired_version: 0, patch: replaced }],
    });
  const [untouched, wanted] = await Promise.all([
    addSession(await addTenant()),
    addSession(await addTenant()),
  ]);
  await link(connector, untouched);
  await link(connector, wanted);
  await want(wanted, "connected");

  await stop(untouched);
  expect(await stateOf(untouched)).toEqual({ ...replaced, is_free: true });
  await stop(wanted);
  expect(await stateOf(wanted)).toEqual({
    state: "reconnecting",
    desired: "connected",
    is_free: true,
  });
});

test("a stop that the tenant asked for ends the session whatever version its owner has read", async () => {
  const uid = await addSession(await addTenant());
  const connector = await addConnector();
  await link(connector, uid);
  await want(uid, "disconnected");
  await commit(connector, {
    sessions: [{ uid, epoch: 1 }],
    items: [
      { kind: "change", uid, number: 1, desired_version: 0, patch: { state: "disconnected" } },
    ],
  });
  expect(await stateOf(uid)).toMatchObject({
    state: "disconnected",
    desired: "disconnected",
    is_free: true,
  });
});

test("the queue waits for the same account, and fails when another one is linked", async () => {
  const uid = await addSession(await addTenant());
  const connector = await addConnector();
  await link(connector, uid);
  const queue = (text: string) =>
    rows(
      `insert into messages (tenant_id, session_id, phone_number, message, status)
       select tenant_id, session_id, '39333123456', $2, 'QUEUED'
       from whatsapp_sessions where uid = $1`,
      [uid, text],
    );
  const sessions = [{ uid, epoch: 1 }];
  const change = (patch: object) =>
    commit(connector, { sessions, items: [{ kind: "change", uid, patch }] });
  await queue("for the first account");
  await change({ state: "logged_out", phone: null, lid: null });
  await change({ state: "connected", phone: "39300", lid: "1@lid" });
  expect(await outcomes(uid)).toMatchObject([{ status: "QUEUED" }]);

  await change({ state: "logged_out", phone: null, lid: null });
  await queue("for the next account");
  await change({ state: "connected", phone: "39311", lid: "2@lid" });
  expect(await outcomes(uid)).toEqual([
    { message: "for the first account", status: "FAILED", code: "account_changed" },
    { message: "for the next account", status: "QUEUED", code: null },
  ]);

  // The account keeps its LID when its number changes.
  await change({ phone: "39322", lid: "2@lid" });
  expect(await outcomes(uid)).toMatchObject([{ status: "FAILED" }, { status: "QUEUED" }]);
});

test("a message without an ack is sent again a few times, each counted once, and then fails", async () => {
  const uid = await addSession(await addTenant());
  const connector = await addConnector();
  await link(connector, uid);
  const sessions = [{ uid, epoch: 1 }];
  const send = sendItem(uid);
  await commit(connector, { sessions, items: [send] });
  const resend = (resends: number) =>
    commit(connector, {
      sessions,
      items: [{ kind: "resend", uid, id: send.id, resends, max_resends: 2 }],
    });
  const created = { results: [{ outcome: "created" }] };
  expect(await resend(0)).toMatchObject(created);
  // The same call, repeated because its answer got lost.
  expect(await resend(0)).toMatchObject(created);
  expect(await resend(1)).toMatchObject(created);
  expect(await resend(2)).toMatchObject({
    results: [{ outcome: "failed", message: { status: "FAILED", error: { code: "no_ack" } } }],
  });
  expect(await resend(2)).toMatchObject({ results: [{ outcome: "gone" }] });
});

test("an intent expires: it is not sent again, and fails also when no connector holds its session", async () => {
  const tenantId = await addTenant();
  const uid = await addSession(tenantId);
  const connector = await addConnector();
  await link(connector, uid);
  const sessions = [{ uid, epoch: 1 }];
  const [first, second, fresh] = [sendItem(uid), sendItem(uid), sendItem(uid)];
  await commit(connector, { sessions, items: [first, second, fresh] });
  await rows("update messages set expires_at = now() where id = any ($1)", [[first.id, second.id]]);

  expect(
    await commit(connector, {
      sessions,
      items: [{ kind: "resend", uid, id: first.id, resends: 0, max_resends: 5 }],
    }),
  ).toMatchObject({ results: [{ outcome: "failed", message: { error: { code: "expired" } } }] });

  await rows("update whatsapp_sessions set connector_id = null where uid = $1", [uid]);
  expect(await rows("select * from fail_expired_messages(500)")).toEqual([
    { session_uid: uid, wa_message_id: second.wa_message_id },
  ]);
  expect(await rows("select status from messages where id = $1", [fresh.id])).toEqual([
    { status: "SENDING" },
  ]);
  expect(
    await rows("select type from events where tenant_id = $1 and type = 'message.failed'", [
      tenantId,
    ]),
  ).toHaveLength(2);
});

test("events of eight writers are numbered without gaps, and readers by cursor see them all", async () => {
  const tenantId = await addTenant();
  const perWriter = 50;
  let done = false;
  const seen: number[] = [];
  const reader = (async () => {
    for (;;) {
      const finished = done;
      const page = await rows(
        "select seq from events where tenant_id = $1 and seq > $2 order by seq",
        [tenantId, seen.at(-1) ?? 0],
      );
      seen.push(...page.map((row) => Number(row["seq"])));
      if (finished) return;
    }
  })();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let index = 0; index < perWriter; index++) {
        await rows("select emit_events($1)", [
          JSON.stringify([{ tenant_id: tenantId, type: "session.connected", data: {} }]),
        ]);
      }
    }),
  );
  done = true;
  await reader;
  expect(seen).toEqual(Array.from({ length: 8 * perWriter }, (_, index) => index + 1));
});

test("deleting a session removes its credentials and fails its queued messages", async () => {
  const tenantId = await addTenant();
  const uid = await addSession(tenantId);
  const connector = await addConnector();
  await claim(connector, uid);
  await commit(connector, {
    sessions: [{ uid, epoch: 1 }],
    credentials: [{ uid, ciphertext: "AAAA" }],
    keys: [{ uid, type: "session", id: "1", ciphertext: "AAAA" }],
  });
  await rows(
    "insert into messages (tenant_id, session_id, phone_number, message, status) values ($1, 'main', '393331234567', 'x', 'QUEUED')",
    [tenantId],
  );
  await rows("select delete_session($1, 'main')", [tenantId]);

  expect(await rows("select from signal_keys where session_uid = $1", [uid])).toEqual([]);
  expect(await rows("select from session_credentials where session_uid = $1", [uid])).toEqual([]);
  expect(
    await rows("select status, error from messages where session_uid = $1", [uid]),
  ).toMatchObject([{ status: "FAILED", error: { code: "session_deleted" } }]);
});

test("messages received together keep their order, and their ids contain their time", async () => {
  const uid = await addSession(await addTenant());
  const connector = await addConnector();
  await claim(connector, uid);
  const texts = Array.from({ length: 50 }, (_, index) => `message ${index}`);
  await commit(connector, {
    sessions: [{ uid, epoch: 1 }],
    items: texts.map((text) => ({
      kind: "message",
      uid,
      direction: "in",
      wa_message_id: text,
      chat_id: "39333@s.whatsapp.net",
      type: "text",
      text,
    })),
  });
  const stored = await rows(
    `select message, abs(extract(epoch from uuid_v7_time(id) - created_at)) as apart
     from messages where session_uid = $1 order by id`,
    [uid],
  );
  expect(stored.map((row) => row["message"])).toEqual(texts);
  expect(Math.max(...stored.map((row) => Number(row["apart"])))).toBeLessThan(0.01);
});

const tables = [
  "tenants",
  "whatsapp_sessions",
  "messages",
  "events",
  "api_calls",
  "message_counts",
  "delivery_counts",
  "session_resources",
  "message_resources",
  "event_resources",
];

test.each(tables)(
  "of %s, a tenant's JWT reads only its own rows, and anon nothing",
  async (table) => {
    const [own, other] = [
      await addTenant("https://a.example"),
      await addTenant("https://a.example"),
    ];
    for (const tenantId of [own, other]) {
      await addSession(tenantId);
      await rows(
        "insert into messages (tenant_id, session_id, phone_number, message, status) values ($1, 'main', '393331234567', 'x', 'QUEUED')",
        [tenantId],
      );
      await rows("select emit_events($1)", [
        JSON.stringify([
          {
            tenant_id: tenantId,
            type: "message.sent",
            data: { created_at: new Date(), direction: "out", type: "text" },
          },
        ]),
      ]);
      await rows(
        "insert into delivery_counts select $1, uuid_v7(), date_trunc('hour', now()), 1, 0",
        [tenantId],
      );
      await rows("update webhook_endpoints set cursor_seq = 1 where tenant_id = $1", [tenantId]);
      await rows(
        "select replay_events(tenant_id, id, 1, 1) from webhook_endpoints where tenant_id = $1",
        [tenantId],
      );
      await rows("select count_api_calls($1, date_trunc('hour', now(), 'UTC'), 1, uuid_v7())", [
        tenantId,
      ]);
      await rows(
        "insert into api_keys (tenant_id, network, key_hash, key_prefix) values ($1, 'live', $2, 'h')",
        [tenantId, createHash("sha256").update(tenantId).digest("hex")],
      );
    }
    const mine = await db.as("authenticated", { tenant_id: own }, `select tenant_id from ${table}`);
    expect(mine.length).toBeGreaterThan(0);
    expect(new Set(mine)).toEqual(new Set(mine.map(() => ({ tenant_id: own }))));
    await expect(db.as("anon", {}, `select tenant_id from ${table}`)).rejects.toThrow(/permission/);
  },
);

test("tenants and anon may call only what the views and policies call, and read no later table", async () => {
  expect(
    await rows(
      `select p.proname as name, role from pg_proc p, unnest('{anon,authenticated}'::text[]) role
       where p.pronamespace = 'public'::regnamespace
         and has_function_privilege(role, p.oid, 'execute') order by 1`,
    ),
  ).toEqual([
    { name: "connector_is_live", role: "authenticated" },
    { name: "own_tenant", role: "authenticated" },
  ]);
  expect(
    await rows(
      `select p.proname as name from pg_proc p
       where p.pronamespace = 'public'::regnamespace
         and not coalesce('search_path=""' = any (p.proconfig), false)`,
    ),
  ).toEqual([]);
  await rows("create table public.later (id integer)");
  expect(
    await rows(
      "select from unnest('{anon,authenticated}'::text[]) role where has_table_privilege(role, 'public.later', 'select')",
    ),
  ).toEqual([]);
  await rows("drop table public.later");
});

test("every table has row security, and a tenant may read no secret", async () => {
  expect(
    await rows(
      "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and not relrowsecurity",
    ),
  ).toEqual([]);
  const asTenant = (sql: string) => db.as("authenticated", { tenant_id: "support" }, sql);
  for (const secret of [
    "select id from api_keys",
    "select url from webhook_endpoints",
    "select event_id from webhook_deliveries",
    "select id from webhook_delivery_resources",
    "select webhook_url from tenants",
    "select webhook_secret from tenants",
    "select * from messages",
    "select listening_until from realtime_audiences",
    "select qr from whatsapp_sessions",
    "select * from session_credentials",
    "select * from signal_keys",
    "select * from connectors",
    "select create_session('support', 'x', 'x', null, 'live')",
  ]) {
    await expect(asTenant(secret)).rejects.toThrow(/permission denied/);
  }
});

test("a history page is read from an index, in order, whatever its filter is", async () => {
  const client = await db.pool.connect();
  const scope = { session_uid: randomUUID(), tenant_id: await addTenant() };
  try {
    await client.query("set enable_seqscan = off; set enable_sort = off");
    const filters = [
      "true",
      "status = 'FAILED'",
      "direction = 'out'",
      "chat_id = '39333@s.whatsapp.net'",
      "chat_id = '39333@s.whatsapp.net' and status = 'FAILED'",
    ];
    for (const filter of filters) {
      for (const [column, value] of Object.entries(scope)) {
        const plan = await client.query(
          `explain select * from message_resources where ${column} = '${value}' and ${filter}
             and id < '${randomUUID()}' order by id desc limit 50`,
        );
        const text = JSON.stringify(plan.rows);
        expect(text).toMatch(/Index Scan Backward/);
        expect(text).not.toMatch(/Sort|Bitmap/);
      }
    }
  } finally {
    client.release(true);
  }
});

test("the comment of every table says who removes its rows", async () => {
  const tables = await rows(
    `select c.relname as name, obj_description(c.oid) as comment from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'`,
  );
  expect(tables.filter(({ comment }) => !/\bremove[sd]?\b/.test(String(comment)))).toEqual([]);
});

test("a token that was issued to a key reads nothing after the key is revoked, expired or deleted", async () => {
  const [tenantId, other] = [await addTenant(), await addTenant()];
  await addSession(tenantId);
  const issue = async (owner: string) => {
    const [key] = await rows(
      "insert into api_keys (tenant_id, network, key_hash, key_prefix) values ($1, 'live', $2, 'h') returning id",
      [owner, createHash("sha256").update(randomUUID()).digest("hex")],
    );
    return String(key?.["id"]);
  };
  const sessions = (keyId: string) =>
    db.as(
      "authenticated",
      { tenant_id: tenantId, key_id: keyId },
      "select session_id from session_resources",
    );
  for (const end of [
    "update api_keys set revoked_at = now() where id = $1",
    "update api_keys set expires_at = now() - interval '1 second' where id = $1",
    "delete from api_keys where id = $1",
  ]) {
    const keyId = await issue(tenantId);
    expect(await sessions(keyId)).toEqual([{ session_id: "main" }]);
    await rows(end, [keyId]);
    expect(await sessions(keyId)).toEqual([]);
  }
  expect(await sessions(await issue(other))).toEqual([]);
  await expect(sessions("no uuid")).rejects.toThrow(/invalid input syntax/);
});

test("an audience stays open as long as the longest of its tokens", async () => {
  const tenantId = await addTenant();
  const open = (until: string) => rows("select open_audience($1, $2)", [tenantId, until]);
  const openUntil = async () =>
    (
      await rows("select listening_until from realtime_audiences where tenant_id = $1", [tenantId])
    )[0];
  await open("2026-01-01T01:00:00Z");
  await open("2026-01-01T00:10:00Z");
  expect(await openUntil()).toEqual({ listening_until: new Date("2026-01-01T01:00:00Z") });
  await open("2026-01-01T02:00:00Z");
  expect(await openUntil()).toEqual({ listening_until: new Date("2026-01-01T02:00:00Z") });
});

test.each([
  [
    "insert into tenants (tenant_id, name, webhook_url, webhook_secret, rate_limit_per_minute) values ('leaky', 'L', 'https://x.example', 'whsec_hidden', 0)",
  ],
  [
    "insert into webhook_endpoints (tenant_id, url, secret) values ('support', 'ftp://x', 'whsec_hidden')",
  ],
  [
    "insert into messages (phone_number, message, status, platform, session_id) values ('1', 'hidden', 'WAITING', 'WHATSAPP', 'x')",
  ],
  [
    "insert into messages (phone_number, message, status, platform, session_id) values ('1', 'hidden', 'QUEUED', 'TELEGRAM', 'x')",
  ],
])("the error of %s shows no secret and no text", async (sql) => {
  const error = await rows(sql).then(
    () => undefined,
    (reason: Error) => reason,
  );
  expect(error).toMatchObject({ code: "23514" });
  expect(inspect(error)).not.toContain("hidden");
});
