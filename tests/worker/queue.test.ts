import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { call, type Tenant } from "../support/api.ts";
import { adminKey, type ControlPlane, startControlPlane } from "./start-control-plane.ts";
import { addTenant } from "./tenants.ts";

let plane: ControlPlane;
let tenant: Tenant;
beforeAll(async () => {
  plane = await startControlPlane({ QUEUE_MAX_RETRIES: "5" });
});
afterAll(() => plane.stop());

beforeEach(async () => {
  tenant = await addTenant(plane);
  await tenant.post("/tenant/sessions", { session_id: "main" });
});

function patch(path: string, body: object, headers: Record<string, string> = tenant.headers) {
  return call("PATCH", plane.url + path, { headers, body });
}

function changeTenant(body: object) {
  return patch(`/admin/tenants/${tenant.id}`, body, { "X-Admin-Key": adminKey });
}

const settingsPath = "/session/main/queue/settings";

test("the pace is that of the session, else of the tenant, else of the installation", async () => {
  const ofInstallation = await tenant.get(settingsPath);
  expect(ofInstallation.body).toEqual({
    send_interval_ms: null,
    max_messages_per_minute: null,
    poll_interval_ms: null,
    max_retries: null,
    effective: { interval_ms: 20_000, poll_interval_ms: 10_000, max_retries: 5 },
    warning: null,
  });

  const ofTenant = await changeTenant({ send_interval_ms: 30_000, poll_interval_ms: 5000 });
  expect(ofTenant.body).toMatchObject({ send_interval_ms: 30_000, warning: null });
  expect((await tenant.get(settingsPath)).body).toMatchObject({
    effective: { interval_ms: 30_000, poll_interval_ms: 5000, max_retries: 5 },
  });

  const ofSession = await patch(settingsPath, { max_messages_per_minute: 6, max_retries: 0 });
  expect(ofSession).toMatchObject({
    status: 200,
    body: {
      max_messages_per_minute: 6,
      effective: { interval_ms: 10_000, poll_interval_ms: 5000, max_retries: 0 },
    },
  });
  const slower = await patch(settingsPath, { send_interval_ms: 15_000 });
  expect(slower.body).toMatchObject({ effective: { interval_ms: 15_000 } });
  const reset = await patch(settingsPath, {
    send_interval_ms: null,
    max_messages_per_minute: null,
  });
  expect(reset.body).toMatchObject({ effective: { interval_ms: 30_000, max_retries: 0 } });
});

test("above 10 messages a minute the answer carries a warning", async () => {
  const warning = expect.stringContaining("More than 10 messages a minute");
  expect((await patch(settingsPath, { max_messages_per_minute: 10 })).body).toMatchObject({
    warning: null,
  });
  expect((await patch(settingsPath, { max_messages_per_minute: 11 })).body).toMatchObject({
    warning,
  });
  expect((await tenant.get(settingsPath)).body).toMatchObject({ warning });
  expect((await changeTenant({ send_interval_ms: 5999 })).body).toMatchObject({ warning });
  expect((await changeTenant({ send_interval_ms: 6000 })).body).toMatchObject({ warning: null });
});

test.each([
  [{ send_interval_ms: -1 }, "send_interval_ms"],
  [{ max_messages_per_minute: 0 }, "max_messages_per_minute"],
  [{ poll_interval_ms: 1 }, "poll_interval_ms"],
  [{ max_retries: 1.5 }, "max_retries"],
  [{}, ""],
])("the settings %o are refused", async (body, field) => {
  expect(await patch(settingsPath, body)).toMatchObject({
    status: 422,
    body: { errors: [{ field }] },
  });
});

test("another tenant neither reads nor changes them", async () => {
  const other = await addTenant(plane);
  expect((await other.get(settingsPath)).status).toBe(404);
  expect((await patch(settingsPath, { max_retries: 1 }, other.headers)).status).toBe(404);
});
