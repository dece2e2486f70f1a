import { createRoute, z } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import { unwrapFirst } from "../database/unwrap.ts";
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
  description: "The key stops working within 10 seconds, and its open streams are closed.",
  request: { params: tenantParams.extend({ keyId: z.uuid() }) },
  responses: {
    204: { description: "The key was revoked" },
    ...problems("unauthorized", "not_found", "invalid_request", "database_unavailable"),
  },
});

export function revokeKey(app: App, { database, now }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId, keyId } = c.req.valid("param");
    const revoked = await unwrapFirst(
      database
        .from("api_keys")
        .update({ revoked_at: new Date(now()).toISOString() })
        .eq("tenant_id", tenantId)
        .eq("id", keyId)
        .is("revoked_at", null)
        .select("id"),
    );
    if (revoked === undefined) {
      throw new ApiError("not_found", "The tenant has no valid key with this id.");
    }
    return c.body(null, 204);
  });
}
