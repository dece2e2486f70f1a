import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "../support/api.ts";
import { adminKey, type ControlPlane, startControlPlane } from "./start-control-plane.ts";

let plane: ControlPlane;
beforeAll(async () => {
  // Nothing listens on this port.
  plane = await startControlPlane({
    SUPABASE_URL: "http://127.0.0.1:9",
    ALLOW_PRIVATE_URLS: "false",
  });
});
afterAll(() => plane.stop());

test("without a database, /health is degraded and requests get 503 with Retry-After", async () => {
  expect(await call("GET", `${plane.url}/health`)).toMatchObject({
    status: 503,
    body: { status: "degraded", checks: { database: { status: "down" } } },
  });
  const answer = await call("GET", `${plane.url}/tenant/sessions`, {
    headers: { "X-Api-Key": "sk_test_0123456789abcdef" },
  });
  expect(answer).toMatchObject({ status: 503, body: { code: "database_unavailable" } });
  expect(answer.headers.get("retry-after")).toBe("2");
  expect(JSON.stringify(answer.body)).not.toContain("127.0.0.1");
});

test("a webhook URL with a private address is rejected without a database query", async () => {
  const answer = await call("POST", `${plane.url}/admin/tenants/acme/webhooks`, {
    headers: { "X-Admin-Key": adminKey },
    body: { url: "http://169.254.169.254/latest" },
  });
  expect(answer).toMatchObject({
    status: 422,
    body: { errors: [{ field: "url", detail: "The URL leads to a private or loopback address" }] },
  });
});

test("a request gets 503 within 10 seconds when the database accepts requests and never responds", async () => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const waiting = await startControlPlane({ SUPABASE_URL: `http://127.0.0.1:${port}` });
  const startedAt = performance.now();
  const answer = await call("GET", `${waiting.url}/tenant/sessions`, {
    headers: { "X-Api-Key": "sk_test_0123456789abcdef" },
  });
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  expect(answer).toMatchObject({ status: 503, body: { code: "database_unavailable" } });
  await waiting.stop();
  silent.closeAllConnections();
  silent.close();
});
