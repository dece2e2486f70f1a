import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Stats } from "../../shared/stats.ts";
import { until } from "../support/api.ts";
import { emitEvents } from "./events.ts";
import { type ControlPlane, startControlPlane } from "./start-control-plane.ts";
import { addTenant } from "./tenants.ts";

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.stop());

test("a tenant sees its own numbers, API calls included", async () => {
  const tenant = await addTenant(plane);
  const other = await addTenant(plane);
  await tenant.post("/tenant/sessions", { session_id: "main" });
  const message = { id: randomUUID(), created_at: new Date(), type: "text" };
  await emitEvents(plane.sql, tenant.id, [
    { type: "message.received", data: { ...message, direction: "in" } },
    { type: "message.sent", data: { ...message, direction: "out" } },
  ]);
  const { body } = await until(
    () => tenant.get<Stats & { since: string; until: string }>("/tenant/stats"),
    (answer) => answer.body.api_calls > 0,
    30_000,
  );
  expect(body).toMatchObject({
    messages: {
      in: 1,
      out: 1,
      by_status: { RECEIVED: 1, SENT: 1 },
      by_type: { text: 2 },
    },
    sessions: { by_state: { created: 1 } },
    webhooks: { delivered: 0, failed: 0, pending: 0 },
  });
  expect(Date.parse(body.until) - Date.parse(body.since)).toBe(25 * 3_600_000);
  expect(body.series).toHaveLength(25);
  expect((await other.get<Stats>("/tenant/stats")).body).toMatchObject({
    messages: { in: 0, out: 0 },
    sessions: { by_state: {} },
  });
});

test("a range is given in hours or days", async () => {
  const tenant = await addTenant(plane);
  const days = await tenant.get<Stats & { since: string }>(
    "/tenant/stats?since=2026-01-01T10:00:00Z&until=2026-01-31T10:00:00Z",
  );
  expect(days.body.since).toBe("2026-01-01T00:00:00.000Z");
  expect(days.body.series).toHaveLength(31);
  for (const query of ["since=yesterday", "interval=week", "since=2020-01-01T00:00:00Z"]) {
    expect((await tenant.get(`/tenant/stats?${query}`)).status).toBe(422);
  }
});
