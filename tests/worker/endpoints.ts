import { call, until } from "../support/api.ts";
import { adminKey, type ControlPlane } from "./start-control-plane.ts";

/** Adds a webhook endpoint by the admin API. */
export async function addEndpoint(
  plane: ControlPlane,
  tenantId: string,
  settings: { url: string; events?: string[] },
): Promise<{ id: string; secret: string }> {
  const made = await call<{ id: string; secret: string }>(
    "POST",
    `${plane.url}/admin/tenants/${tenantId}/webhooks`,
    { headers: { "X-Admin-Key": adminKey }, body: settings },
  );
  if (made.status !== 201) throw new Error(`No endpoint: ${JSON.stringify(made.body)}`);
  return made.body;
}

/** The first request starts the hubs. */
export async function waitForHubs(plane: ControlPlane): Promise<void> {
  await until(
    async () => (await call<{ checks: { realtime: object } }>("GET", `${plane.url}/health`)).body,
    ({ checks }) => JSON.stringify(checks.realtime) === '{"status":"ok"}',
  );
}
