import { afterAll, beforeAll, expect, test } from "vitest";
import { requestHash } from "../../control-plane/message/idempotency.ts";
import type { Message } from "../../shared/message.ts";
import type { Session } from "../../shared/session.ts";
import { call, type Tenant } from "../support/api.ts";
import { adminKey, type ControlPlane, startControlPlane } from "./start-control-plane.ts";
import { addKey, addTenant } from "./tenants.ts";

let plane: ControlPlane;
let tenant: Tenant;
beforeAll(async () => {
  plane = await startControlPlane();
  tenant = await addTenant(plane);
});
afterAll(() => plane.stop());

type Problem = { code: string; request_id: string; errors?: { field: string }[] };

async function send(
  method: string,
  path: string,
  init: { body?: string; headers?: Record<string, string> } = {},
) {
  const response = await fetch(plane.url + path, {
    method,
    ...init,
    headers: { ...tenant.headers, "content-type": "application/json", ...init.headers },
  });
  return { response, body: (await response.json()) as Problem };
}

test("where the network cannot be reached, the QR endpoint says why at once", async () => {
  await send("POST", "/tenant/sessions", { body: '{"session_id":"unreachable"}' });
  const detail = "WhatsApp cannot be reached from the connector (ENOTFOUND).";
  const last = { reason: "unreachable", detail, at: new Date().toISOString() };
  await plane.sql.query(
    "update whatsapp_sessions set state = 'connecting', last_disconnect = $1 where session_id = 'unreachable'",
    [last],
  );
  const startedAt = performance.now();
  const { response, body } = await send("GET", "/session/unreachable/qr");
  expect(performance.now() - startedAt).toBeLessThan(3000);
  expect(response.status).toBe(503);
  expect(body).toMatchObject({
    code: "session_unavailable",
    detail: expect.stringContaining(detail),
  });
});

test.each([
  ["GET", "/nowhere", undefined, 404, "not_found"],
  ["PUT", "/tenant/sessions", "{}", 405, "method_not_allowed"],
  ["POST", "/tenant/sessions", '{"session_id":', 400, "invalid_json"],
  ["POST", "/tenant/sessions", '{"session_id":"a b"}', 422, "invalid_request"],
  [
    "POST",
    "/tenant/sessions",
    JSON.stringify({ x: "x".repeat(1_100_000) }),
    413,
    "payload_too_large",
  ],
  ["GET", "/session/absent", undefined, 404, "not_found"],
  ["GET", "/session/%00", undefined, 404, "not_found"],
  ["POST", "/session/a%00b/send", '{"to":"393331234567","message":"x"}', 404, "not_found"],
  ["DELETE", "/session/%F0%9F%98%80", undefined, 404, "not_found"],
  ["GET", "/session/absent/qr?format=gif", undefined, 422, "invalid_request"],
  ["GET", "/tenant/messages?cursor=nonsense", undefined, 422, "invalid_request"],
  ["GET", "/tenant/messages?limit=101", undefined, 422, "invalid_request"],
])("%s %s with %.40s gets %i %s", async (method, path, body, status, code) => {
  const { response, body: problem } = await send(method, path, body === undefined ? {} : { body });
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(problem).toMatchObject({
    type: `urn:whatsapp-microservice:error:${code}`,
    status,
    code,
    title: expect.any(String),
    detail: expect.any(String),
    request_id: response.headers.get("x-request-id"),
  });
});

test("a body of another media type is rejected", async () => {
  const { response, body } = await send("POST", "/tenant/sessions", {
    body: "session_id=main",
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });
  expect(response.status).toBe(415);
  expect(body.code).toBe("unsupported_media_type");
});

test("a body that is not UTF-8 is rejected, not altered", async () => {
  await tenant.post("/tenant/sessions", { session_id: "bytes" });
  const response = await fetch(`${plane.url}/session/bytes/send`, {
    method: "POST",
    headers: { ...tenant.headers, "content-type": "application/json" },
    body: Buffer.from('{"to":"393331234567","message":"caf\xe9"}', "latin1"),
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: "invalid_json" });
});

test("responses that depend on the key are not cacheable", async () => {
  for (const path of ["/tenant/sessions", "/session/absent", "/tenant/messages"]) {
    const { headers } = await tenant.get(path);
    expect(headers.get("cache-control")).toBe("no-store");
  }
});

test("a key whose tenant was just deleted creates nothing", async () => {
  const gone = await addTenant(plane);
  expect((await gone.get("/tenant/sessions")).status).toBe(200);
  await plane.sql.query("delete from tenants where tenant_id = $1", [gone.id]);
  expect(await gone.post("/tenant/sessions", { session_id: "main" })).toMatchObject({
    status: 401,
    body: { code: "unauthorized" },
  });
});

test("a repeated send gets the first message although its session has no connector any more", async () => {
  await tenant.post("/tenant/sessions", { session_id: "replay" });
  const body = { to: "393331234567@s.whatsapp.net", message: "once" };
  const hash = await requestHash({ path: "/session/replay/send", body });
  const { rows } = await plane.sql.query<{ id: string }>(
    `with sent as (
       insert into messages (id, tenant_id, session_id, session_uid, chat_id, direction, status)
       select uuid_v7(), tenant_id, session_id, uid, $2, 'out', 'SENT'
       from whatsapp_sessions where tenant_id = $1 and session_id = 'replay'
       returning id, tenant_id)
     insert into idempotency_keys (tenant_id, key, request_hash, message_id)
     select tenant_id, 'order-1', $3, id from sent returning message_id as id`,
    [tenant.id, body.to, hash],
  );
  const repeat = (message: string) =>
    tenant.post<Message>(
      "/session/replay/send",
      { to: "+39 333 123 4567", message },
      {
        "Idempotency-Key": "order-1",
      },
    );
  const replayed = await repeat("once");
  expect(replayed).toMatchObject({ status: 201, body: { id: rows[0]?.id, status: "SENT" } });
  expect(replayed.headers.get("idempotent-replayed")).toBe("true");
  expect(await repeat("twice")).toMatchObject({
    status: 422,
    body: { code: "idempotency_mismatch" },
  });
});

test("every invalid field of a send is listed", async () => {
  await tenant.post("/tenant/sessions", { session_id: "fields" });
  const { body } = await tenant.post<Problem>("/session/fields/send", { to: "nobody" });
  expect(body.errors?.map(({ field }) => field)).toEqual(["to", "message"]);
  const lone = await tenant.post("/session/fields/send", { to: "393331234567", text: "\ud800" });
  expect(lone.status).toBe(422);
});

test("a well-formed X-Request-Id is used", async () => {
  const ask = async (id: string) =>
    (await send("GET", "/tenant/sessions", { headers: { "x-request-id": id } })).response.headers;
  expect((await ask("abc-123")).get("x-request-id")).toBe("abc-123");
  expect((await ask("a b")).get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
});

test("a session is created, shown, rejected as a duplicate, and deleted", async () => {
  const made = await tenant.post<Session>("/tenant/sessions", {
    session_id: "crud",
    name: "Support",
    description: "The main line",
  });
  expect(made).toMatchObject({
    status: 201,
    body: { session_id: "crud", name: "Support", state: "created", network: "sandbox" },
  });
  expect(made.body).not.toHaveProperty("uid");
  expect(await tenant.post("/tenant/sessions", { session_id: "crud" })).toMatchObject({
    status: 409,
    body: { code: "conflict" },
  });
  expect((await tenant.get("/session/crud")).body).toEqual(made.body);
  expect((await tenant.get("/session/crud/status")).body).toEqual(made.body);
  expect((await tenant.delete("/session/crud")).status).toBe(204);
  expect((await tenant.get("/session/crud")).status).toBe(404);
});

test("sessions are paged by cursor and by offset", async () => {
  const owner = await addTenant(plane);
  for (const id of ["a", "b", "c"]) await owner.post("/tenant/sessions", { session_id: id });
  type Page = { data: Session[]; next_cursor: string | null };
  const first = (await owner.get<Page>("/tenant/sessions?limit=2")).body;
  const second = (await owner.get<Page>(`/tenant/sessions?limit=2&cursor=${first.next_cursor}`))
    .body;
  expect([...first.data, ...second.data].map((session) => session.session_id)).toEqual([
    "a",
    "b",
    "c",
  ]);
  expect(second.next_cursor).toBeNull();
  const skipped = (await owner.get<Page>("/tenant/sessions?offset=2")).body;
  expect(skipped.data.map((session) => session.session_id)).toEqual(["c"]);
});

test("a session without a connector disconnects at once and cannot send", async () => {
  await tenant.post("/tenant/sessions", { session_id: "idle" });
  expect(await tenant.post("/session/idle/disconnect")).toMatchObject({
    status: 200,
    body: { state: "disconnected" },
  });
  expect(
    await tenant.post("/session/idle/send", { to: "393331234567", message: "x" }),
  ).toMatchObject({ status: 409, body: { code: "session_not_connected" } });
  expect(await tenant.post("/session/idle/connect")).toMatchObject({
    status: 200,
    body: { state: "connecting" },
  });
});

test("a test key can see a live session but not act on it", async () => {
  const live = await addTenant(plane, "live");
  await live.post("/tenant/sessions", { session_id: "real" });
  const withTestKey = await addKey(plane, live.id, "test");
  expect((await withTestKey.get("/session/real")).status).toBe(200);
  for (const path of ["disconnect", "connect", "regenerate-qr"]) {
    expect(await withTestKey.post(`/session/real/${path}`)).toMatchObject({
      status: 403,
      body: { code: "forbidden" },
    });
  }
  expect((await withTestKey.get("/session/real/qr")).status).toBe(403);
  expect((await withTestKey.delete("/session/real")).status).toBe(403);
});

test("a key also works as a bearer token, until it expires", async () => {
  const ask = (key: string) =>
    fetch(`${plane.url}/tenant/sessions`, { headers: { authorization: `Bearer ${key}` } });
  expect((await ask(tenant.key)).status).toBe(200);
  const expired = await addTenant(plane);
  await plane.sql.query("update api_keys set expires_at = now() where tenant_id = $1", [
    expired.id,
  ]);
  expect((await ask(expired.key)).status).toBe(401);
});

test("messages are paged and filtered by chat, status, direction and time", async () => {
  const owner = await addTenant(plane);
  await owner.post("/tenant/sessions", { session_id: "main" });
  await plane.sql.query(
    `insert into messages (id, tenant_id, session_id, session_uid, chat_id, direction, status, created_at)
     select uuid_v7_at(t, gen_random_uuid()), $1, 'main', uid,
            '39333123456' || n % 2 || '@s.whatsapp.net',
            case when n % 3 = 0 then 'in' else 'out' end,
            case when n % 3 = 0 then 'RECEIVED' when n % 3 = 1 then 'SENT' else 'READ' end, t
     from whatsapp_sessions, generate_series(0, 29) n,
          lateral (select '2026-01-01T00:00:00Z'::timestamptz + n * interval '1 hour' as t) at
     where tenant_id = $1`,
    [owner.id],
  );
  type Page = { data: Message[]; next_cursor: string | null };
  const list = async (query: string) =>
    (await owner.get<Page>(`/session/main/messages?${query}`)).body;

  const all = await list("");
  expect(all.data).toHaveLength(30);
  expect(all.data[0]).not.toHaveProperty("tenant_id");
  const walked: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: Page = await list(`limit=7${cursor && `&cursor=${cursor}`}`);
    walked.push(...page.data.map(({ id }) => id));
    cursor = page.next_cursor;
  }
  expect(walked).toEqual(all.data.map(({ id }) => id));
  expect((await list("order=asc&limit=30")).data).toEqual(all.data.toReversed());

  expect((await list("direction=in")).data).toHaveLength(10);
  expect((await list("direction=out")).data).toHaveLength(20);
  expect((await list("direction=out&status=READ")).data).toHaveLength(10);
  expect((await list("direction=in&status=READ")).data).toHaveLength(0);
  expect((await list("chat=%2B39%20333%20123%204561")).data).toHaveLength(15);
  const hours = "since=2026-01-01T03:00:00Z&until=2026-01-01T06:00:00Z";
  expect((await list(hours)).data.map(({ created_at }) => Date.parse(created_at))).toEqual(
    [5, 4, 3].map((hour) => Date.UTC(2026, 0, 1, hour)),
  );
});

test("the operator manages tenants, keys and webhooks", async () => {
  const admin = async <Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    key = adminKey,
  ) => call<Body>(method, `${plane.url}/admin${path}`, { headers: { "X-Admin-Key": key }, body });

  expect((await admin("GET", "/tenants", undefined, "wrong-admin-key!")).status).toBe(401);
  const made = await admin("POST", "/tenants", {
    tenant_id: "acme",
    name: "Acme",
    webhook_url: "https://example.com/hook",
  });
  expect(made).toMatchObject({
    status: 201,
    body: { tenant_id: "acme", rate_limit_per_minute: 60 },
  });
  expect(made.body["webhook_secret"]).toMatch(/^whsec_/);
  expect((await admin("POST", "/tenants", { tenant_id: "acme", name: "Acme" })).status).toBe(409);
  expect(
    await admin("PATCH", "/tenants/acme", { rate_limit_per_minute: 5, webhook_url: null }),
  ).toMatchObject({ status: 200, body: { rate_limit_per_minute: 5, webhook_url: null } });
  expect((await admin("PATCH", "/tenants/acme", {})).status).toBe(422);

  const key = await admin<{ id: string; key: string }>("POST", "/tenants/acme/keys", {
    network: "live",
  });
  expect(key.body.key).toMatch(/^sk_live_[A-Za-z0-9]{32}$/);
  const listed = await admin("GET", "/tenants/acme/keys");
  expect(JSON.stringify(listed.body)).not.toContain(key.body.key);
  expect((await admin("DELETE", `/tenants/acme/keys/${key.body.id}`)).status).toBe(204);
  expect((await admin("DELETE", `/tenants/acme/keys/${key.body.id}`)).status).toBe(404);
  expect((await admin("POST", "/tenants/absent/keys", { network: "live" })).status).toBe(404);

  const hook = await admin<{ id: string }>("POST", "/tenants/acme/webhooks", {
    url: "https://example.com/other",
    events: ["message.received"],
  });
  expect(hook.status).toBe(201);
  expect((await admin("DELETE", `/tenants/acme/webhooks/${hook.body.id}`)).status).toBe(204);
  expect((await admin("DELETE", "/tenants/acme")).status).toBe(204);
  expect((await admin("GET", "/tenants/acme")).status).toBe(404);
});

test("invalid admin requests name the field", async () => {
  const owner = await addTenant(plane);
  const post = (path: string, body: unknown) =>
    call<Problem>("POST", `${plane.url}/admin/tenants${path}`, {
      headers: { "X-Admin-Key": adminKey },
      body,
    });
  for (const url of ["ftp://example.com", "//example.com", "https://a:b@example.com"]) {
    const refused = await post(`/${owner.id}/webhooks`, { url });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ field: "url" }] } });
  }
  const odd = await post(`/${owner.id}/webhooks`, { url: "HTTPS:Example.com/\0\ud800" });
  expect(odd).toMatchObject({
    status: 201,
    body: { url: "https://example.com/%00%EF%BF%BD" },
  });
  for (const expires_at of ["0000-01-01T00:00:00Z", "2020-01-01T00:00:00Z"]) {
    const refused = await post(`/${owner.id}/keys`, { network: "live", expires_at });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ field: "expires_at" }] } });
  }
  expect((await post("/%00/keys", { network: "live" })).status).toBe(422);
  for (const list of ["keys", "webhooks"]) {
    const absent = await call("GET", `${plane.url}/admin/tenants/absent/${list}`, {
      headers: { "X-Admin-Key": adminKey },
    });
    expect(absent).toMatchObject({ status: 404, body: { code: "not_found" } });
  }
});

test("the OpenAPI 3.1 document lists every route", async () => {
  const { body } = await call<{ openapi: string; paths: Record<string, object> }>(
    "GET",
    `${plane.url}/openapi.json`,
  );
  expect(body.openapi).toBe("3.1.0");
  expect(Object.keys(body.paths)).toEqual(
    expect.arrayContaining([
      "/tenant/sessions",
      "/session/{sessionId}/send",
      "/session/{sessionId}/messages/stream",
      "/tenant/events/stream",
      "/admin/tenants/{tenantId}/keys",
      "/health",
    ]),
  );
});

test("the OpenAPI document lists request bodies and every error status", async () => {
  const { body } = await call<{
    paths: Record<
      string,
      Record<string, { requestBody?: object; responses: Record<string, { description: string }> }>
    >;
  }>("GET", `${plane.url}/openapi.json`);
  for (const [path, operations] of Object.entries(body.paths)) {
    for (const [method, { requestBody, responses }] of Object.entries(operations)) {
      const statuses = Object.keys(responses);
      const expected = ["503"];
      if (path !== "/health") expected.push("401", "429");
      if (/^\/(session|tenant)\//.test(path)) expected.push("429");
      if (requestBody !== undefined) expected.push("400", "413", "415", "422");
      if (path.includes("{")) expected.push("404");
      expect(statuses, `${method} ${path}`).toEqual(expect.arrayContaining(expected));
    }
  }
  const send = body.paths["/session/{sessionId}/send"]?.["post"];
  expect(send?.responses["422"]?.description).toContain("invalid_request");
  expect(send?.responses["422"]?.description).toContain("idempotency_mismatch");
});

test("a session beyond a quota of the tenant is refused, with what to do", async () => {
  const limited = await addTenant(plane);
  await plane.sql.query(
    "update tenants set max_sessions = 2, max_unpaired_sessions = 1 where tenant_id = $1",
    [limited.id],
  );
  const create = (id: string) => limited.post("/tenant/sessions", { session_id: id });
  expect((await create("one")).status).toBe(201);
  expect(await create("two")).toMatchObject({
    status: 409,
    body: { code: "quota_exceeded", detail: expect.stringContaining("max_unpaired_sessions") },
  });
  expect((await limited.post("/session/one/disconnect")).status).toBe(200);
  expect((await create("two")).status).toBe(201);
  expect(await limited.post("/session/one/connect")).toMatchObject({ status: 409 });
  expect(await create("three")).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining("max_sessions") },
  });
});
