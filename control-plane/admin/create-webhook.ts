import { createRoute } from "@hono/zod-openapi";
import { unwrapFirst, foreignKeyViolation } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { checkWebhookUrl } from "./check-webhook-url.ts";
import { adminRoute, bodyProblems } from "./contract.ts";
import { rejectTooManyEndpoints } from "./endpoint-quota.ts";
import { tenantNotFound, tenantParams } from "./tenant-resource.ts";
import { makeSecret, webhookColumns, webhookSchema, webhookSettings } from "./webhook-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "post",
  path: "/admin/tenants/{tenantId}/webhooks",
  summary: "Add a webhook endpoint",
  request: {
    params: tenantParams,
    body: { required: true, content: { "application/json": { schema: webhookSettings } } },
  },
  responses: {
    201: {
      description: "The endpoint, with the secret that signs its deliveries",
      content: { "application/json": { schema: webhookSchema } },
    },
    ...problems("not_found", "quota_exceeded"),
    ...bodyProblems,
  },
});

export function createWebhook(app: App, { database, allowPrivateUrls }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.req.valid("param");
    const { url, secret, events } = c.req.valid("json");
    checkWebhookUrl("url", url, allowPrivateUrls);
    const answer = await database
      .from("webhook_endpoints")
      .insert({ tenant_id: tenantId, url, secret: secret ?? makeSecret(), events: events ?? null })
      .select(webhookColumns);
    rejectTooManyEndpoints(answer.error);
    if (answer.error?.code === foreignKeyViolation) throw tenantNotFound(tenantId);
    const created = await unwrapFirst(answer);
    if (created === undefined) throw new Error("The insert returned no endpoint");
    return c.json(created, 201);
  });
}
