import { createRoute, z } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import { unwrapFirst } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { invalidField } from "../http/validation.ts";
import type { Services } from "../services.ts";
import { checkWebhookUrl } from "./check-webhook-url.ts";
import { adminRoute, bodyProblems } from "./contract.ts";
import { tenantParams } from "./tenant-resource.ts";
import { webhookColumns, webhookSchema, webhookSettings } from "./webhook-resource.ts";
import { withoutUndefined } from "./without-undefined.ts";

const route = createRoute({
  ...adminRoute,
  method: "patch",
  path: "/admin/tenants/{tenantId}/webhooks/{webhookId}",
  summary: "Change a webhook endpoint, or switch it on or off",
  description:
    "While an endpoint is off nothing is sent to it and nothing is lost: switched on again it goes on where it was, with the events that are still stored. The URL of the default endpoint is changed by setting the tenant's webhook_url.",
  request: {
    params: tenantParams.extend({ webhookId: z.uuid() }),
    body: {
      required: true,
      content: {
        "application/json": {
          schema: webhookSettings
            .omit({ secret: true })
            .partial()
            .extend({ enabled: z.boolean().optional() }),
        },
      },
    },
  },
  responses: {
    200: {
      description: "The endpoint",
      content: { "application/json": { schema: webhookSchema } },
    },
    ...problems("not_found"),
    ...bodyProblems,
  },
});

export function changeWebhook(app: App, { database, allowPrivateUrls }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId, webhookId } = c.req.valid("param");
    const changes = withoutUndefined(c.req.valid("json"));
    if (Object.keys(changes).length === 0)
      throw invalidField("", "Send at least one setting to change");
    checkWebhookUrl("url", changes.url, allowPrivateUrls);
    let query = database
      .from("webhook_endpoints")
      .update(changes)
      .eq("tenant_id", tenantId)
      .eq("id", webhookId);
    if (changes.url !== undefined) query = query.is("is_default", false);
    const changed = await unwrapFirst(query.select(webhookColumns));
    if (changed === undefined) {
      throw new ApiError(
        "not_found",
        "The tenant has no endpoint with this id. The URL of the default endpoint is changed by setting webhook_url.",
      );
    }
    return c.json(changed, 200);
  });
}
