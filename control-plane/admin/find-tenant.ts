import { unwrapFirst } from "../database/unwrap.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { tenantNotFound, tenantColumns } from "./tenant-resource.ts";

/** The tenant as the admin API shows it. @throws ApiError not_found */
export async function findTenant(database: DatabaseClient, tenantId: string) {
  const tenant = await unwrapFirst(
    database.from("tenants").select(tenantColumns).eq("tenant_id", tenantId),
  );
  if (tenant === undefined) throw tenantNotFound(tenantId);
  return tenant;
}
