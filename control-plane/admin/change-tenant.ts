import { createRoute } from "@hono/zod-openapi";
import type { DatabaseClient } from "../database/connect.ts";
import { unwrap, unwrapFirst } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { invalidField } from "../http/validation.ts";
import type { Services } from "../services.ts";
import { checkWebhookUrl } from "../webhook/check-webhook-url.ts";
import { makeSecret } from "../webhook/endpoint-settings.ts";
import { adminRoute, bodyProblems } from "./contract.ts";
import { rejectTooManyEndpoints } from "../webhook/endpoint-quota.ts";
import {
  tenantNotFound,
  tenantColumns,
  tenantParams,
  tenantWithSecret,
  tenantSettings,
  withPaceWarning,
} from "./tenant-resource.ts";
import { withoutUndefined } from "../http/without-undefined.ts";

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
      content: { "application/json": { schema: tenantWithSecret } },
    },
    ...problems("not_found", "quota_exceeded"),
    ...bodyProblems,
  },
});

export function changeTenant(app: App, services: Services): void {
  const { database, allowPrivateUrls, webhookSecrets } = services;
  app.openapi(route, async (c) => {
    const { tenantId } = c.req.valid("param");
    const changes = withoutUndefined(c.req.valid("json"));
    if (Object.keys(changes).length === 0)
      throw invalidField("", "Send at least one setting to change");
    checkWebhookUrl("webhook_url", changes.webhook_url, allowPrivateUrls);
    const secret =
      typeof changes.webhook_url === "string" && !(await hasDefaultEndpoint(database, tenantId))
        ? makeSecret()
        : undefined;
    const answer = await database
      .from("tenants")
      .update({
        ...changes,
        ...(secret === undefined
          ? {}
          : { webhook_secret: await webhookSecrets.seal(tenantId, secret) }),
      })
      .eq("tenant_id", tenantId)
      .select(tenantColumns);
    rejectTooManyEndpoints(answer.error);
    const tenant = await unwrapFirst(answer);
    if (tenant === undefined) throw tenantNotFound(tenantId);
    return c.json(
      { ...withPaceWarning(tenant), ...(secret === undefined ? {} : { webhook_secret: secret }) },
      200,
    );
  });
}

async function hasDefaultEndpoint(database: DatabaseClient, tenantId: string): Promise<boolean> {
  const endpoints = await unwrap(
    database
      .from("webhook_endpoints")
      .select("id")
      .eq("tenant_id", tenantId)
      .eq("is_default", true),
  );
  return endpoints.length > 0;
}
