import { afterAll, beforeAll, expect, test } from "vitest";
import { call, type Tenant, until } from "../support/api.ts";
import { type CountingProxy, startCountingProxy } from "./counting-proxy.ts";
import { adminKey, type ControlPlane, startControlPlane } from "./start-control-plane.ts";
import { addTenant } from "./tenants.ts";

let plane: ControlPlane;
let proxy: CountingProxy;
beforeAll(async () => {
  proxy = await startCountingProxy();
  plane = await startControlPlane({ SUPABASE_URL: proxy.url });
  proxy.target = plane.supabaseUrl;
});
afterAll(async () => {
  await plane.stop();
  proxy.stop();
});

let lastOrigin = 0;
const newOrigin = () => `https://app-${(lastOrigin += 1)}.example`;

async function tenantWith(...origins: string[]): Promise<Tenant> {
  const tenant = await addTenant(plane);
  await plane.sql.query("update tenants set cors_origins = $2 where tenant_id = $1", [
    tenant.id,
    origins,
  ]);
  return tenant;
}

function preflight(origin: string, { path = "/tenant/sessions", address = "192.0.2.1" } = {}) {
  return fetch(plane.url + path, {
    method: "OPTIONS",
    headers: {
      Origin: origin,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "content-type,idempotency-key,x-api-key",
      "CF-Connecting-IP": address,
    },
  });
}

async function get(path: string, origin: string, headers: Record<string, string> = {}) {
  const response = await fetch(plane.url + path, { headers: { Origin: origin, ...headers } });
  await response.body?.cancel();
  return response;
}

const allowedBy = ({ headers }: Response) => headers.get("access-control-allow-origin");
const list = (text: string | null) => (text ?? "").toLowerCase().split(", ");

test("a preflight needs no key, and is answered for the origins that a tenant lists", async () => {
  const origin = newOrigin();
  await tenantWith("https://other.example", origin);
  for (const path of ["/tenant/sessions", "/session/main/send", "/files/main/x", "/tenant/x"]) {
    const answer = await preflight(origin, { path });
    expect([answer.status, await answer.text()]).toEqual([204, ""]);
    expect(allowedBy(answer)).toBe(origin);
    expect(list(answer.headers.get("access-control-allow-headers"))).toEqual(
      expect.arrayContaining(["x-api-key", "authorization", "content-type", "idempotency-key"]),
    );
    expect(list(answer.headers.get("access-control-allow-methods"))).toEqual(
      expect.arrayContaining(["get", "post", "patch", "delete"]),
    );
    expect(answer.headers.get("vary")).toMatch(/\bOrigin\b/);
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
  }
});

test.each([
  ["nobody lists", "https://unknown.example"],
  ["begins with a listed one", "https://a.example.evil"],
  ["ends with a listed one", "https://evil-a.example"],
  ["is a host below a listed one", "https://x.a.example"],
  ["has another port", "https://a.example:8443"],
  ["has another scheme", "http://a.example"],
  ["is written differently", "https://A.example"],
  ["is null, which any page can be", "null"],
  ["is a wildcard", "*"],
  ["is no origin", '"},{"'],
])("a preflight from an origin that %s is refused", async (_, origin) => {
  await tenantWith("https://a.example");
  expect((await preflight("https://a.example")).status).toBe(204);
  const answer = await preflight(origin);
  expect([answer.status, allowedBy(answer)]).toEqual([403, null]);
  expect(await answer.json()).toMatchObject({ code: "origin_not_allowed" });
});

test("an answer can be read from the origins of its own tenant only", async () => {
  const [originA, originB] = [newOrigin(), newOrigin()];
  const [a, b] = [await tenantWith(originA), await tenantWith(originB)];
  const own = await get("/tenant/sessions", originA, a.headers);
  expect([own.status, allowedBy(own)]).toEqual([200, originA]);
  expect(list(own.headers.get("access-control-expose-headers"))).toEqual(
    expect.arrayContaining(["ratelimit-remaining", "retry-after", "x-request-id"]),
  );
  expect(own.headers.get("vary")).toMatch(/\bOrigin\b/);

  for (const [tenant, origin] of [
    [a, originB],
    [b, originA],
    [a, "null"],
    [a, `${originA}.evil`],
  ] as const) {
    const foreign = await get("/tenant/sessions", origin, tenant.headers);
    expect([foreign.status, allowedBy(foreign)]).toEqual([200, null]);
    expect(foreign.headers.get("vary")).toMatch(/\bOrigin\b/);
  }
  const fromBackend = await a.get("/tenant/sessions");
  expect(fromBackend.headers.get("vary")).toMatch(/\bOrigin\b/);
  expect(fromBackend.headers.get("access-control-allow-origin")).toBeNull();
});

test("a page can read errors: without a key, with a wrong one, of a request, of the limit", async () => {
  const origin = newOrigin();
  const tenant = await tenantWith(origin);
  const unknownKey = { "X-Api-Key": "sk_test_unknownunknown" };
  for (const [path, headers, status] of [
    ["/tenant/sessions", {}, 401],
    ["/tenant/sessions", unknownKey, 401],
    ["/files/main/x", {}, 401],
    ["/files/main/00000000-0000-7000-8000-000000000000.png?signature=x", {}, 401],
    ["/session/absent", tenant.headers, 404],
    ["/tenant/nowhere", tenant.headers, 404],
    ["/tenant/messages?limit=1000", tenant.headers, 422],
  ] as const) {
    const answer = await get(path, origin, headers);
    expect([path, answer.status, allowedBy(answer)]).toEqual([path, status, origin]);
    const elsewhere = await get(path, "https://unknown.example", headers);
    expect([elsewhere.status, allowedBy(elsewhere)]).toEqual([status, null]);
  }

  const failing = { ...unknownKey, "CF-Connecting-IP": "192.0.2.66" };
  let answer = await get("/tenant/sessions", origin, failing);
  for (let tries = 0; answer.status === 401 && tries < 100; tries += 1) {
    const key = `sk_test_wrong${tries}wrong`;
    answer = await get("/tenant/sessions", origin, { ...failing, "X-Api-Key": key });
  }
  expect([answer.status, allowedBy(answer)]).toEqual([429, origin]);

  await plane.sql.query("update tenants set rate_limit_per_minute = 1 where tenant_id = $1", [
    tenant.id,
  ]);
  const limited = await until(
    () => get("/tenant/sessions", origin, tenant.headers),
    ({ status }) => status === 429,
  );
  expect(allowedBy(limited)).toBe(origin);
  expect(limited.headers.get("retry-after")).toBeTruthy();
});

test("an event stream can be read from a page", async () => {
  const origin = newOrigin();
  const tenant = await tenantWith(origin);
  const stream = await get("/tenant/events/stream", origin, tenant.headers);
  expect([stream.status, allowedBy(stream)]).toEqual([200, origin]);
  expect(stream.headers.get("content-type")).toMatch(/^text\/event-stream/);
  const foreign = await get("/tenant/events/stream", "https://unknown.example", tenant.headers);
  expect([foreign.status, allowedBy(foreign)]).toEqual([200, null]);
});

test("the admin API is for no page", async () => {
  const origin = newOrigin();
  await tenantWith(origin);
  const answer = await get("/admin/tenants", origin, { "X-Admin-Key": adminKey });
  expect([answer.status, allowedBy(answer)]).toEqual([200, null]);
  expect(allowedBy(await preflight(origin, { path: "/admin/tenants" }))).toBeNull();
});

test("an origin that was added works within seconds, and one that was removed does not", async () => {
  const origin = newOrigin();
  const tenant = await tenantWith();
  const admin = (origins: unknown) =>
    call("PATCH", `${plane.url}/admin/tenants/${tenant.id}`, {
      headers: { "X-Admin-Key": adminKey },
      body: { cors_origins: origins },
    });
  expect((await preflight(origin)).status).toBe(403);
  expect(await admin([origin])).toMatchObject({ status: 200, body: { cors_origins: [origin] } });
  await until(
    () => preflight(origin),
    ({ status }) => status === 204,
  );
  const isReadable = async () => allowedBy(await get("/tenant/sessions", origin, tenant.headers));
  await until(isReadable, (allowed) => allowed === origin);
  expect(await admin([])).toMatchObject({ status: 200, body: { cors_origins: [] } });
  await until(isReadable, (allowed) => allowed === null);
});

test.each([["*"], ["null"], ["https://a.example/"], ["https://a.example:443"], ["a.example"]])(
  "%s is refused as a setting, by the API and by the table",
  async (origin) => {
    const tenant = await addTenant(plane);
    const answer = await call("PATCH", `${plane.url}/admin/tenants/${tenant.id}`, {
      headers: { "X-Admin-Key": adminKey },
      body: { cors_origins: [origin] },
    });
    expect(answer).toMatchObject({ status: 422, body: { code: "invalid_request" } });
    await expect(
      plane.sql.query("update tenants set cors_origins = $1", [[origin]]),
    ).rejects.toThrow(/cors_origins/);
  },
);

test("a flood of unknown origins costs few queries and does not lock out known ones", async () => {
  const origin = newOrigin();
  await tenantWith(origin);
  expect((await preflight(origin, { address: "192.0.2.99" })).status).toBe(204);
  const before = proxy.count("/rest/v1/tenants");
  for (let round = 0; round < 50; round += 1) {
    const flood = Array.from({ length: 20 }, (_, index) =>
      preflight(index % 2 === 0 ? "https://same.example" : `https://x${round}-${index}.example`, {
        address: "192.0.2.99",
      }),
    );
    const answers = await Promise.all(flood);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
  }
  expect((await preflight(origin, { address: "192.0.2.99" })).status).toBe(204);
  expect(proxy.count("/rest/v1/tenants") - before).toBeLessThan(100);
});

test("among many tenants, an origin is found by its index", async () => {
  await plane.sql.query(
    `insert into tenants (tenant_id, name, cors_origins)
     select 'many-' || n, 'Many', array['https://many-' || n || '.example'] from generate_series(1, 20000) n;
     analyze tenants`,
  );
  const { rows } = await plane.sql.query<{ "QUERY PLAN": string }>(
    `explain select tenant_id from tenants where cors_origins @> array['https://many-7.example'] limit 1`,
  );
  expect(rows.map((row) => row["QUERY PLAN"]).join("\n")).toContain("tenants_by_cors_origin");
  expect((await preflight("https://many-7.example", { address: "192.0.2.7" })).status).toBe(204);
});
