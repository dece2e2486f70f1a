import { rowOf } from "../database/answer.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { noSuchTenant, tenantColumns } from "./tenant-resource.ts";

/** The tenant as the operator sees it. @throws ApiError not_found */
export async function findTenant(database: DatabaseClient, tenantId: string) {
  const tenant = rowOf(
    await database.from("tenants").select(tenantColumns).eq("tenant_id", tenantId),
  );
  if (tenant === undefined) throw noSuchTenant(tenantId);
  return tenant;
}
