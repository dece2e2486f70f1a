import { randomBytes } from "node:crypto";
import { tenantOf } from "../support/api.ts";
import type { ControlPlane } from "./start-control-plane.ts";

/** Creates a tenant with a key by plain SQL. Unless a test says so, it never reaches its limit. */
export async function addTenant(
  plane: ControlPlane,
  network: "test" | "live" = "test",
  { rateLimitPerMinute = 100_000 }: { rateLimitPerMinute?: number } = {},
) {
  const id = `t-${randomBytes(4).toString("hex")}`;
  const key = `sk_${network}_${randomBytes(16).toString("hex")}`;
  await plane.sql.query(
    "insert into tenants (tenant_id, name, api_key, rate_limit_per_minute) values ($1, $1, $2, $3)",
    [id, key, rateLimitPerMinute],
  );
  return tenantOf(plane.url, id, key);
}

/** Adds another key to the tenant. */
export async function addKey(plane: ControlPlane, tenantId: string, network: "test" | "live") {
  const key = `sk_${network}_${randomBytes(16).toString("hex")}`;
  await plane.sql.query("update tenants set api_key = $2 where tenant_id = $1", [tenantId, key]);
  return tenantOf(plane.url, tenantId, key);
}
