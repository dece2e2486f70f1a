import { createRoute, z } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { endKey } from "./keys.ts";
import { networksOf } from "./networks-of.ts";

const route = createRoute({
  method: "delete",
  path: "/tenant/keys/{keyId}",
  tags: ["Keys"],
  summary: "Revoke a key",
  description: "The key stops working within 10 seconds, and its open streams are closed.",
  request: { params: z.object({ keyId: z.string() }) },
  responses: {
    204: { description: "The key was revoked" },
    ...problems(
      "unauthorized",
      "forbidden",
      "not_found",
      "invalid_request",
      "database_unavailable",
    ),
  },
});

export function revokeOwnKey(app: App, services: Services): void {
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    await endKey(services, {
      tenantId: caller.tenantId,
      keyId: c.req.valid("param").keyId,
      networks: networksOf(caller),
    });
    return c.body(null, 204);
  });
}
