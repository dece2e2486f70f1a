import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningSupabase, startSupabase } from "../local/supabase/start-supabase.ts";
import type { Database } from "../shared/database.ts";
import { startTestDatabase, type TestDatabase } from "../tests/support/database.ts";

/** More than the 1,000 rows after which the REST interface of a hosted project cuts an answer. */
const many = 1_500;

let db: TestDatabase;
let supabase: RunningSupabase;
let client: SupabaseClient<Database>;
let storageDir: string;
beforeAll(async () => {
  db = await startTestDatabase();
  storageDir = await mkdtemp(join(tmpdir(), "whatsapp-microservice-test-"));
  supabase = await startSupabase({
    databaseUrl: db.databaseUrl,
    port: 0,
    jwtSecret: randomBytes(24).toString("hex"),
    storageDir,
    log: pino({ level: "silent" }),
  });
  client = createClient<Database>(supabase.url, supabase.serviceKey);
});
afterAll(async () => {
  await supabase.stop();
  await db.stop();
  await rm(storageDir, { recursive: true, force: true });
});

async function addSession(): Promise<string> {
  const tenantId = `t_${randomUUID().slice(0, 8)}`;
  await db.pool.query("insert into tenants (tenant_id, name) values ($1, 'T')", [tenantId]);
  const { rows } = await db.pool.query<{ uid: string }>(
    "select uid from create_session($1, 'main', 'Main', null, 'sandbox')",
    [tenantId],
  );
  return String(rows[0]?.uid);
}

test("every Signal key that is asked for is loaded", async () => {
  const uid = await addSession();
  const ids = Array.from({ length: many }, (_, id) => String(id));
  await db.pool.query(
    `insert into signal_keys (session_uid, type, id, ciphertext)
     select $1, 'session', id, 'secret' from unnest($2::text[]) id`,
    [uid, ids],
  );
  const { data } = await client.rpc("load_signal_keys", { session_uid: uid, type: "session", ids });
  expect(new Set(data?.map((key) => key.id))).toEqual(new Set(ids));
  expect(data?.[0]?.ciphertext).toBe(Buffer.from("secret").toString("base64"));
});

test("every message without an ack is loaded, in order", async () => {
  const uid = await addSession();
  const { rows } = await db.pool.query<{ id: string }>(
    `insert into messages (session_uid, tenant_id, session_id, source, chat_id, message, status,
       wa_message_id, content)
     select s.uid, s.tenant_id, s.session_id, 'api', '39333@s.whatsapp.net', 'x', 'SENDING',
       'wa' || i, 'encoded'
     from whatsapp_sessions s, generate_series(1, $2) i where s.uid = $1 returning id`,
    [uid, many],
  );
  const { data } = await client.rpc("load_in_flight", { session_uid: uid });
  expect(data?.map((message) => message.id)).toEqual(rows.map(({ id }) => id).toSorted());
  expect(data?.[0]).toEqual({
    id: rows[0]?.id,
    wa_message_id: "wa1",
    media: null,
    chat_id: "39333@s.whatsapp.net",
    content: Buffer.from("encoded").toString("base64"),
    source: "api",
    attempts: 0,
    resends: 0,
    max_retries: null,
  });
});

test("every session of a connector is listed, with the head of its queue, and every tenant's last event", async () => {
  const connectorId = randomUUID();
  await db.pool.query("select register_connector($1, 'http://x', null, '{sandbox}', 5000, 60000)", [
    connectorId,
  ]);
  await db.pool.query(
    "insert into tenants (tenant_id, name) select 'many_' || i, 'M' from generate_series(1, $1) i",
    [many],
  );
  await db.pool.query(
    `insert into whatsapp_sessions (tenant_id, session_id, name, network, state, connector_id, epoch)
     select 'many_' || i, 'main', 'M', 'sandbox', 'connected', $1, 3 from generate_series(1, $2) i`,
    [connectorId, many],
  );
  await db.pool.query(
    `insert into messages (tenant_id, session_id, phone_number, message, status)
     select tenant_id, 'main', '393331234567', 'first', 'QUEUED' from whatsapp_sessions
     where connector_id = $1`,
    [connectorId],
  );

  const owned = await client.rpc("list_owned_sessions", { connector_id: connectorId });
  expect(new Set(owned.data?.map((session) => session.uid)).size).toBe(many);
  expect(owned.data?.[0]).toMatchObject({ epoch: 3, desired: "connected" });

  const defaults = {
    send_interval_ms: 20_000,
    max_messages_per_minute: null,
    poll_interval_ms: 10_000,
    max_retries: 3,
  };
  const heads = await client.rpc("load_drip_heads", { connector_id: connectorId, defaults });
  expect(new Set(heads.data?.heads.map((head) => head.uid)).size).toBe(many);
  expect(heads.data?.heads[0]).toEqual({
    uid: expect.any(String),
    id: expect.any(String),
    chat_id: "393331234567@s.whatsapp.net",
    type: "text",
    message: "first",
    media: null,
    content: null,
    attempts: 0,
    interval_ms: 20_000,
    max_retries: 3,
    due_in_ms: expect.any(Number),
  });

  const tenantIds = Array.from({ length: many }, (_, index) => `many_${index + 1}`);
  const events = await client.rpc("event_heads", { tenant_ids: tenantIds });
  expect(events.data).toHaveLength(many);
  expect(events.data?.[0]).toMatchObject({ last_seq: 0 });
});

test("what has nothing to list is an empty list", async () => {
  const nobody = randomUUID();
  const answers = await Promise.all([
    client.rpc("load_signal_keys", { session_uid: nobody, type: "session", ids: ["1"] }),
    client.rpc("load_in_flight", { session_uid: nobody }),
    client.rpc("list_owned_sessions", { connector_id: nobody }),
    client.rpc("event_heads", { tenant_ids: [] }),
  ]);
  expect(answers.map((answer) => answer.data)).toEqual([[], [], [], []]);
});

test("only functions whose number of rows is bounded return rows", async () => {
  const { rows } = await db.pool.query(
    `select proname as name from pg_proc
     where pronamespace = 'public'::regnamespace and proretset order by 1`,
  );
  expect(rows.map((row) => row.name)).toEqual([
    "authenticate", // one at most
    "claim_sessions", // max_sessions
    "create_session", // one
    "describe_api_key", // one
    "fail_expired_messages", // max_messages
    "find_due_endpoints", // max_endpoints
    "locate_session", // one at most
    "rotate_api_key", // one
    "stale_webhook_secrets", // max_endpoints
  ]);
});
