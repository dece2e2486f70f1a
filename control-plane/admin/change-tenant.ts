import { createRoute } from "@hono/zod-openapi";
import { unwrapFirst } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { invalidField } from "../http/validation.ts";
import type { Services } from "../services.ts";
import { checkWebhookUrl } from "./check-webhook-url.ts";
import { adminRoute, bodyProblems } from "./contract.ts";
import { rejectTooManyEndpoints } from "./endpoint-quota.ts";
import {
  tenantNotFound,
  tenantColumns,
  tenantParams,
  tenantSchema,
  tenantSettings,
} from "./tenant-resource.ts";
import { withoutUndefined } from "./without-undefined.ts";

const route = createRoute({
  ...adminRoute,
  method: "patch",
  path: "/admin/tenants/{tenantId}",
  summary: "Change a tenant's settings",
  request: {
    params: tenantParams,
    body: {
      required: true,
      content: { "application/json": { schema: tenantSettings.partial() } },
    },
  },
  responses: {
    200: {
      description: "The tenant",
      content: { "application/json": { schema: tenantSchema } },
    },
    ...problems("not_found", "quota_exceeded"),
    ...bodyProblems,
  },
});

export function changeTenant(app: App, { database, allowPrivateUrls }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.req.valid("param");
    const changes = withoutUndefined(c.req.valid("json"));
    if (Object.keys(changes).length === 0)
      throw invalidField("", "Send at least one setting to change");
    checkWebhookUrl("webhook_url", changes.webhook_url, allowPrivateUrls);
    const answer = await database
      .from("tenants")
      .update(changes)
      .eq("tenant_id", tenantId)
      .select(tenantColumns);
    rejectTooManyEndpoints(answer.error);
    const tenant = await unwrapFirst(answer);
    if (tenant === undefined) throw tenantNotFound(tenantId);
    return c.json(tenant, 200);
  });
}
