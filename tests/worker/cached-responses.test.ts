import { afterAll, beforeAll, expect, test } from "vitest";
import { call, until } from "../support/api.ts";
import { type CountingProxy, startCountingProxy } from "./counting-proxy.ts";
import { type ControlPlane, startControlPlane } from "./start-control-plane.ts";

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

interface Contract {
  servers: { url: string }[];
  paths: object;
}

test("the OpenAPI document is built once and revalidated by its ETag", async () => {
  const url = `${plane.url}/openapi.json`;
  const first = await call<Contract>("GET", url);
  expect(first).toMatchObject({ status: 200, body: { servers: [{ url: plane.url }] } });
  expect(first.headers.get("content-type")).toContain("application/json");
  expect(first.headers.get("cache-control")).toBe("public, max-age=60");
  const etag = first.headers.get("etag") ?? "";
  expect(etag).toMatch(/^(W\/)?"/);

  const again = await fetch(url, { headers: { "If-None-Match": etag } });
  expect(again.status).toBe(304);
  expect(await again.text()).toBe("");
  expect(again.headers.get("etag")).toBe(etag);
  expect((await call("GET", url, { headers: { "If-None-Match": '"other"' } })).status).toBe(200);

  const startedAt = performance.now();
  for (let count = 0; count < 200; count += 1) expect((await call("GET", url)).status).toBe(200);
  expect(performance.now() - startedAt).toBeLessThan(4_000);
});

test("the OpenAPI document names the host that it was requested from", async () => {
  const port = new URL(plane.url).port;
  const { body } = await call<Contract>("GET", `http://localhost:${port}/openapi.json`);
  expect(body.servers).toEqual([{ url: `http://localhost:${port}` }]);
});

const checks = () => proxy.count("/rest/v1/rpc/count_live_connectors");

interface Health {
  checks: { connectors: { live: number } };
}

test("health is checked about once a second, however often it is requested", async () => {
  const url = `${plane.url}/health`;
  const health = async () => (await call<Health>("GET", url)).body.checks;
  await health();

  const before = checks();
  const startedAt = performance.now();
  for (let round = 0; round < 10; round += 1) {
    const answers = await Promise.all(Array.from({ length: 40 }, () => call("GET", url)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from(answers, () => 200));
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  expect(checks() - before).toBeLessThan(seconds + 10);

  await plane.database.rpc("register_connector", {
    connector_id: "01890a5d-ac96-774b-bcce-b302099a8057",
    url: "http://127.0.0.1:1",
    instance: null,
    networks: ["sandbox"],
    capacity: 1,
    lease_ms: 60_000,
  });
  await until(health, ({ connectors }) => connectors.live === 1, 3_000);
});
