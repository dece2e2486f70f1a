import { createRoute } from "@hono/zod-openapi";
import { networks } from "../../shared/session.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { endKey } from "../key/keys.ts";
import type { Services } from "../services.ts";
import { adminRoute } from "./contract.ts";
import { keyParams } from "./tenant-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "delete",
  path: "/admin/tenants/{tenantId}/keys/{keyId}",
  summary: "Revoke a key",
  description: "The key stops working within 10 seconds, and its open streams are closed.",
  request: { params: keyParams },
  responses: {
    204: { description: "The key was revoked" },
    ...problems("unauthorized", "not_found", "invalid_request", "database_unavailable"),
  },
});

export function revokeKey(app: App, services: Services): void {
  app.openapi(route, async (c) => {
    await endKey(services, { ...c.req.valid("param"), networks });
    return c.body(null, 204);
  });
}
