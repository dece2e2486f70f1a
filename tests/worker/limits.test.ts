import { afterAll, beforeAll, expect, test } from "vitest";
import { call, type Tenant, until } from "../support/api.ts";
import { openStream } from "../support/sse.ts";
import { type ControlPlane, startControlPlane } from "./start-control-plane.ts";
import { addKey, addTenant } from "./tenants.ts";

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.stop());

function limitOf(headers: Headers) {
  const { "ratelimit-limit": limit, "ratelimit-remaining": remaining } =
    Object.fromEntries(headers);
  return { limit, remaining };
}

async function statuses(tenant: Tenant, count: number): Promise<number[]> {
  const answers = Array.from({ length: count }, () => tenant.get("/tenant/sessions"));
  return (await Promise.all(answers)).map(({ status }) => status);
}

test("of many requests at once, with any of its keys, exactly as many pass as the limit says", async () => {
  const first = await addTenant(plane, "test", { rateLimitPerMinute: 25 });
  const second = await addKey(plane, first.id, "live");
  const other = await addTenant(plane, "test", { rateLimitPerMinute: 25 });
  const answers = await Promise.all([statuses(first, 30), statuses(second, 30)]);
  expect(answers.flat().filter((status) => status === 200)).toHaveLength(25);
  expect(answers.flat().filter((status) => status === 429)).toHaveLength(35);
  expect(await statuses(other, 25)).not.toContain(429);

  const refused = await first.post("/session/main/send", { to: "393331234567", message: "x" });
  expect(refused).toMatchObject({ status: 429, body: { code: "rate_limited" } });
  expect(limitOf(refused.headers)).toEqual({ limit: "25", remaining: "0" });
  const retryAfter = refused.headers.get("retry-after");
  expect(refused.headers.get("ratelimit-reset")).toBe(retryAfter);
  expect(Number(retryAfter)).toBeGreaterThan(0);
  expect(Number(retryAfter)).toBeLessThanOrEqual(60);
  expect(refused.headers.get("x-request-id")).toBeTruthy();
});

test("every answer with a key says what is left, errors included", async () => {
  const tenant = await addTenant(plane, "test", { rateLimitPerMinute: 10 });
  const answers = [
    await tenant.get("/tenant/sessions"),
    await tenant.get("/session/absent"),
    await tenant.get("/tenant/messages?limit=1000"),
    await tenant.post("/tenant/sessions", { session_id: "a b" }),
    await tenant.post("/tenant/sessions", { session_id: "main" }),
    await tenant.delete("/session/main"),
    await tenant.get("/tenant/nowhere"),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 404, 422, 422, 201, 204, 404]);
  expect(answers.map(({ headers }) => limitOf(headers).remaining)).toEqual([
    "9",
    "8",
    "7",
    "6",
    "5",
    "4",
    "3",
  ]);
});

test("an open event stream is one request; what needs no key is none", async () => {
  const tenant = await addTenant(plane, "test", { rateLimitPerMinute: 2 });
  const stream = await openStream(tenant, "/tenant/events/stream");
  for (const path of ["/health", "/openapi.json"]) {
    const { headers } = await call("GET", plane.url + path);
    expect(headers.get("ratelimit-limit")).toBeNull();
  }
  expect(await statuses(tenant, 2)).toEqual(expect.arrayContaining([200, 429]));
  stream.close();
});

test("a changed limit takes effect while the window runs", async () => {
  const tenant = await addTenant(plane, "test", { rateLimitPerMinute: 1 });
  expect(await statuses(tenant, 2)).toEqual(expect.arrayContaining([200, 429]));
  await plane.sql.query("update tenants set rate_limit_per_minute = 50 where tenant_id = $1", [
    tenant.id,
  ]);
  const allowed = await until(
    () => tenant.get("/tenant/sessions"),
    ({ status }) => status === 200,
  );
  expect(limitOf(allowed.headers)).toEqual({ limit: "50", remaining: "48" });
});

async function storedCalls(tenantId: string): Promise<number> {
  const { rows } = await plane.sql.query<{ calls: string }>(
    "select sum(calls) as calls from api_calls where tenant_id = $1",
    [tenantId],
  );
  return Number(rows[0]?.calls);
}

test("API calls that were not refused are counted; a restart resets neither count nor window", async () => {
  const tenant = await addTenant(plane, "test", { rateLimitPerMinute: 7 });
  await statuses(tenant, 12);
  expect(
    await until(
      () => storedCalls(tenant.id),
      (calls) => calls > 0,
      30_000,
    ),
  ).toBe(7);

  await plane.stopWorker();
  await plane.sql.query("update tenants set rate_limit_per_minute = 10 where tenant_id = $1", [
    tenant.id,
  ]);
  await plane.startWorker();
  expect((await statuses(tenant, 5)).filter((status) => status === 200)).toHaveLength(3);
  expect(
    await until(
      () => storedCalls(tenant.id),
      (calls) => calls > 7,
      30_000,
    ),
  ).toBe(10);
});
