import { afterAll, beforeAll, expect, test } from "vitest";
import { type Scope, scopes } from "../../shared/scope.ts";
import { call, type Tenant, tenantOf, until } from "../support/api.ts";
import { openStream } from "../support/sse.ts";
import { waitForHubs } from "./endpoints.ts";
import { emitEvents } from "./events.ts";
import { adminKey, type ControlPlane, startControlPlane } from "./start-control-plane.ts";
import { addTenant } from "./tenants.ts";

let plane: ControlPlane;
let tenant: Tenant;
beforeAll(async () => {
  plane = await startControlPlane();
  tenant = await addTenant(plane);
  await waitForHubs(plane);
  for (const session_id of ["one", "two"]) {
    await tenant.post("/tenant/sessions", { session_id });
  }
});
afterAll(() => plane.stop());

interface Made {
  id: string;
  key: string;
  key_prefix: string;
  expires_at: string | null;
}

async function addKey(settings: object, owner = tenant): Promise<Tenant & { keyId: string }> {
  const made = await owner.post<Made>("/tenant/keys", { network: "sandbox", ...settings });
  expect(made.status).toBe(201);
  return { ...tenantOf(plane.url, owner.id, made.body.key), keyId: made.body.id };
}

interface Operation {
  method: string;
  path: string;
  scope: Scope;
}

/** Every operation of the OpenAPI document that takes a tenant's key. */
async function operations(): Promise<Operation[]> {
  const { body } = await call<{
    paths: Record<string, Record<string, { "x-scope"?: Scope }>>;
  }>("GET", `${plane.url}/openapi.json`);
  return Object.entries(body.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { "x-scope": scope }]) =>
      scope === undefined ? [] : [{ method: method.toUpperCase(), path, scope }],
    ),
  );
}

function fill(path: string, sessionId = "one"): string {
  return path
    .replace("{sessionId}", sessionId)
    .replace("{fileName}", `${"a".repeat(32)}.jpg`)
    .replaceAll(/\{\w+\}/g, "00000000-0000-4000-8000-000000000000");
}

/** The status alone: some answers are streams. */
async function ask(key: Tenant, { method, path }: { method: string; path: string }) {
  const aborter = new AbortController();
  const response = await fetch(plane.url + path, {
    method,
    headers: {
      ...key.headers,
      ...(method === "GET" ? {} : { "content-type": "application/json" }),
    },
    // A field that no body has: nothing is changed, the answer is 422 at most.
    ...(method === "GET" || method === "DELETE" ? {} : { body: '{"not_a_field":1}' }),
    signal: aborter.signal,
  });
  const text = response.ok ? "" : await response.text();
  aborter.abort();
  return { status: response.status, text };
}

test("each operation needs exactly its scope", async () => {
  const all = await operations();
  expect(all.length).toBeGreaterThan(30);
  const keys = Object.fromEntries(
    await Promise.all(scopes.map(async (scope) => [scope, await addKey({ scopes: [scope] })])),
  ) as Record<Scope, Tenant>;
  const wrong: string[] = [];
  for (const operation of all) {
    for (const scope of scopes) {
      // A session that does not exist: what a sufficient key does then is 404, and quick.
      const { status, text } = await ask(keys[scope], {
        ...operation,
        path: fill(operation.path, "absent"),
      });
      const isRefused = status === 403 && text.includes("no scope");
      if (isRefused === (scope === operation.scope)) {
        wrong.push(`${operation.method} ${operation.path} with ${scope}: ${status}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test.each<[string, string, Scope]>([
  ["GET", "/tenant/sessions", "read"],
  ["POST", "/tenant/sessions", "manage"],
  ["GET", "/session/{sessionId}", "read"],
  ["DELETE", "/session/{sessionId}", "manage"],
  ["GET", "/session/{sessionId}/qr", "manage"],
  ["POST", "/session/{sessionId}/pairing-code", "manage"],
  ["POST", "/session/{sessionId}/send", "send"],
  ["POST", "/session/{sessionId}/send-image", "send"],
  ["GET", "/session/{sessionId}/messages", "read"],
  ["GET", "/tenant/messages", "read"],
  ["GET", "/tenant/events/stream", "read"],
  ["GET", "/files/{sessionId}/{fileName}", "read"],
  ["GET", "/tenant/keys", "manage"],
  ["POST", "/tenant/keys", "manage"],
  ["GET", "/tenant/webhooks", "manage"],
  ["POST", "/tenant/webhooks", "manage"],
])("%s %s needs the scope %s", async (method, path, scope) => {
  expect(await operations()).toContainEqual({ method, path, scope });
});

test("no operation that changes something is readable, but for the token of frontends", async () => {
  const changing = (await operations()).filter(
    ({ method, scope }) => method !== "GET" && scope === "read",
  );
  expect(changing.map(({ path }) => path)).toEqual(["/tenant/realtime-token"]);
});

test("a key that is bound to a session cannot tell another one from none, by any operation", async () => {
  const bound = await addKey({ session_ids: ["one"] });
  const differing: string[] = [];
  for (const operation of await operations()) {
    const other = await ask(bound, { ...operation, path: fill(operation.path, "two") });
    const absent = await ask(bound, { ...operation, path: fill(operation.path, "absent") });
    const blank = ({ status, text }: { status: number; text: string }) =>
      `${status} ${text.replaceAll(/"request_id":"[^"]*"/g, "").replaceAll("absent", "two")}`;
    const ofSession = operation.path.includes("{sessionId}");
    if (blank(other) !== blank(absent) || (ofSession && other.status !== 404)) {
      differing.push(`${operation.method} ${operation.path}: ${blank(other)} / ${blank(absent)}`);
    }
  }
  expect(differing).toEqual([]);
  expect((await bound.get("/session/one")).status).toBe(200);
});

test("lists and streams show a bound key its sessions only", async () => {
  const bound = await addKey({ session_ids: ["one", "not-yet"], scopes: ["read", "manage"] });
  const listed = await bound.get<{ data: { session_id: string }[] }>("/tenant/sessions");
  expect(listed.body.data.map(({ session_id }) => session_id)).toEqual(["one"]);
  await plane.sql.query(
    `insert into messages (tenant_id, session_uid, session_id, direction, chat_id, message, status)
     select s.tenant_id, s.uid, s.session_id, 'in', '1@s.whatsapp.net', 'to ' || s.session_id, 'RECEIVED'
     from whatsapp_sessions s where s.tenant_id = $1`,
    [tenant.id],
  );
  const messages = await bound.get<{ data: { text: string }[] }>("/tenant/messages");
  expect(messages.body.data.map(({ text }) => text)).toEqual(["to one"]);
  const none = await addKey({ session_ids: ["not-yet"] });
  expect((await none.get("/tenant/messages")).body).toEqual({ data: [], next_cursor: null });

  const stream = await openStream(bound, "/tenant/events/stream");
  await emitEvents(plane.sql, tenant.id, [
    { data: { message: "of two" }, sessionId: "two" },
    { type: "webhook.disabled", data: {}, sessionId: null },
    { data: { message: "of one" }, sessionId: "one" },
  ]);
  const first = await stream.next(() => true);
  expect(first).toMatchObject({ session_id: "one", data: { message: "of one" } });
  stream.close();

  for (const path of ["/tenant/stats", "/tenant/keys", "/tenant/webhooks"]) {
    expect(await bound.get(path)).toMatchObject({ status: 403, body: { code: "forbidden" } });
  }
  expect((await bound.post("/tenant/realtime-token")).status).toBe(403);
  expect((await bound.post("/tenant/sessions", { session_id: "other" })).status).toBe(403);
  expect((await bound.post("/tenant/sessions", { session_id: "not-yet" })).status).toBe(201);
});

test("a tenant makes, lists, rotates and revokes its keys; the plain key is shown once", async () => {
  const own = await addTenant(plane);
  const made = await own.post<Made>("/tenant/keys", { network: "sandbox", name: "ci" });
  expect(made).toMatchObject({
    status: 201,
    body: { name: "ci", scopes: ["read", "send", "manage"], session_ids: null },
  });
  expect(made.body.key_prefix).toBe(made.body.key.slice(0, 10));
  const ci = tenantOf(plane.url, own.id, made.body.key);
  const listed = await own.get("/tenant/keys");
  expect(JSON.stringify(listed.body)).not.toContain(made.body.key);

  const rotated = await own.post<Made>(`/tenant/keys/${made.body.id}/rotate`, { overlap_hours: 1 });
  expect(rotated).toMatchObject({ status: 201, body: { name: "ci", expires_at: null } });
  const next = tenantOf(plane.url, own.id, rotated.body.key);
  for (const key of [ci, next]) expect((await key.get("/tenant/sessions")).status).toBe(200);
  const { rows } = await plane.sql.query<{ minutes: number }>(
    "select extract(epoch from expires_at - now())::float8 / 60 as minutes from api_keys where id = $1",
    [made.body.id],
  );
  expect(rows[0]?.minutes).toBeGreaterThan(58);
  expect(rows[0]?.minutes).toBeLessThanOrEqual(60);

  const last = await own.post<Made>(`/tenant/keys/${rotated.body.id}/rotate`, { overlap_hours: 0 });
  await until(
    () => next.get("/tenant/sessions"),
    ({ status }) => status === 401,
  );
  expect((await own.delete(`/tenant/keys/${last.body.id}`)).status).toBe(204);
  expect((await own.delete(`/tenant/keys/${last.body.id}`)).status).toBe(404);
  expect((await own.post(`/tenant/keys/${last.body.id}/rotate`)).status).toBe(404);
});

test("a key cannot make, rotate or revoke what is beyond it", async () => {
  const manager = await addKey({ scopes: ["manage"] });
  const more = await manager.post("/tenant/keys", { network: "sandbox", scopes: ["send"] });
  expect(more).toMatchObject({ status: 403, body: { code: "forbidden" } });
  // Without scopes it gets those of its maker.
  expect(await manager.post("/tenant/keys", { network: "sandbox" })).toMatchObject({
    status: 201,
    body: { scopes: ["manage"] },
  });
  expect((await tenant.post("/tenant/keys", { network: "live" })).status).toBe(403);

  const live = await call<Made>("POST", `${plane.url}/admin/tenants/${tenant.id}/keys`, {
    headers: { "X-Admin-Key": adminKey },
    body: { network: "live", scopes: ["read"], session_ids: ["one"] },
  });
  expect(live).toMatchObject({ status: 201, body: { scopes: ["read"], session_ids: ["one"] } });
  expect((await tenant.delete(`/tenant/keys/${live.body.id}`)).status).toBe(404);
  const other = await addTenant(plane);
  expect((await other.delete(`/tenant/keys/${manager.keyId}`)).status).toBe(404);
  expect((await other.post(`/tenant/keys/${manager.keyId}/rotate`)).status).toBe(404);
});

test("a suspended tenant is refused, its streams close, and it is as before when resumed", async () => {
  const own = await addTenant(plane);
  const admin = (action: string) =>
    call("POST", `${plane.url}/admin/tenants/${own.id}/${action}`, {
      headers: { "X-Admin-Key": adminKey },
    });
  const stream = await openStream(own, "/tenant/events/stream");
  expect(await admin("suspend")).toMatchObject({
    status: 200,
    body: { suspended_at: expect.any(String) },
  });
  const refused = await until(
    () => own.get("/tenant/sessions"),
    ({ status }) => status !== 200,
  );
  expect(refused).toMatchObject({ status: 403, body: { code: "tenant_suspended" } });
  await stream.ended;
  expect((await tenant.get("/tenant/sessions")).status).toBe(200);
  expect(await admin("resume")).toMatchObject({ status: 200, body: { suspended_at: null } });
  await until(
    () => own.get("/tenant/sessions"),
    ({ status }) => status === 200,
  );
});
