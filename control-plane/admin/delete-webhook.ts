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
  path: "/admin/tenants/{tenantId}/webhooks/{webhookId}",
  summary: "Remove a webhook endpoint",
  description: "With what is still to be delivered. The default one goes by webhook_url: null.",
  request: { params: tenantParams.extend({ webhookId: z.uuid() }) },
  responses: {
    204: { description: "It is gone" },
    ...problems("unauthorized", "not_found", "invalid_request", "database_unavailable"),
  },
});

export function deleteWebhook(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId, webhookId } = c.req.valid("param");
    const gone = rowOf(
      await database
        .from("webhook_endpoints")
        .delete()
        .eq("tenant_id", tenantId)
        .eq("id", webhookId)
        .is("is_default", false)
        .select("id"),
    );
    if (gone === undefined) {
      throw new ApiError("not_found", "The tenant has no such endpoint that can be removed here.");
    }
    return c.body(null, 204);
  });
}
