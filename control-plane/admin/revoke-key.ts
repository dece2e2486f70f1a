import { createRoute, z } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import { rowOf } from "../database/answer.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { adminRoute } from "./contract.ts";
import { tenantParams } from "./tenant-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "delete",
  path: "/admin/tenants/{tenantId}/keys/{keyId}",
  summary: "Revoke a key",
  description: "It is refused everywhere within 10 seconds.",
  request: { params: tenantParams.extend({ keyId: z.uuid() }) },
  responses: {
    204: { description: "It is revoked" },
    ...problems("unauthorized", "not_found", "invalid_request", "database_unavailable"),
  },
});

export function revokeKey(app: App, { database, now }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId, keyId } = c.req.valid("param");
    const revoked = rowOf(
      await database
        .from("api_keys")
        .update({ revoked_at: new Date(now()).toISOString() })
        .eq("tenant_id", tenantId)
        .eq("id", keyId)
        .is("revoked_at", null)
        .select("id"),
    );
    if (revoked === undefined) {
      throw new ApiError("not_found", "The tenant has no key of this id that is still valid.");
    }
    return c.body(null, 204);
  });
}
