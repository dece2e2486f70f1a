import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call, type Tenant } from "../support/api.ts";
import { type CountingProxy, startCountingProxy } from "./counting-proxy.ts";
import { type ControlPlane, startControlPlane } from "./start-control-plane.ts";
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

const lookups = () => proxy.count("/rest/v1/rpc/authenticate");

function tryKey(address: string, key = `sk_test_${randomBytes(16).toString("hex")}`) {
  return call<{ code: string; detail: string }>("GET", `${plane.url}/tenant/sessions`, {
    headers: { "X-Api-Key": key, "CF-Connecting-IP": address },
  });
}

test("3,000 wrong keys from one address cost few database calls and end in 429", async () => {
  const tenant = await addTenant(plane);
  const asTenant = () => tryKey("192.0.2.1", tenant.key);
  expect((await asTenant()).status).toBe(200);
  const before = lookups();

  const statuses = new Map<number, number>();
  for (let round = 0; round < 150; round += 1) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => tryKey("192.0.2.1")));
    for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  expect([...statuses.keys()].toSorted()).toEqual([401, 429]);
  expect(statuses.get(429)).toBeGreaterThan(2_800);

  const limited = await tryKey("192.0.2.1");
  expect(limited).toMatchObject({ status: 429, body: { code: "rate_limited" } });
  expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);

  // A key that worked before keeps working from there, also once it is no longer cached.
  expect((await asTenant()).status).toBe(200);
  await sleep(5_100);
  expect((await asTenant()).status).toBe(200);
  // Another address is not limited.
  expect((await tryKey("192.0.2.2")).status).toBe(401);

  expect(lookups() - before).toBeLessThan(150);
});

test("the addresses of one IPv6 network are limited together", async () => {
  const from = (last: number) => tryKey(`2001:db8:0:1::${last.toString(16)}`);
  for (let last = 0; last < 30; last += 1) expect((await from(last)).status).toBe(401);
  expect((await from(30)).status).toBe(429);
  expect((await tryKey("2001:db8:0:2::1")).status).toBe(401);
});

test("a hundred valid keys are used for the first time at once from one address", async () => {
  const tenants: Tenant[] = [];
  for (let count = 0; count < 100; count += 1) tenants.push(await addTenant(plane));
  const answers = await Promise.all(tenants.map(({ key }) => tryKey("192.0.2.9", key)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
});
