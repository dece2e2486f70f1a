import { createRoute } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import { unwrapFirst, uniqueViolation } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { checkWebhookUrl } from "../webhook/check-webhook-url.ts";
import { makeSecret } from "../webhook/endpoint-settings.ts";
import { adminRoute, bodyProblems } from "./contract.ts";
import { rejectTooManyEndpoints } from "../webhook/endpoint-quota.ts";
import { withoutUndefined } from "../http/without-undefined.ts";
import {
  tenantColumns,
  tenantIdSchema,
  tenantWithSecret,
  tenantSettings,
  withPaceWarning,
} from "./tenant-resource.ts";

/** SQLSTATE of the trigger tenants_check_removed. */
const stillRemoved = "55006";

const route = createRoute({
  ...adminRoute,
  method: "post",
  path: "/admin/tenants",
  summary: "Create a tenant",
  request: {
    body: {
      required: true,
      content: {
        "application/json": {
          schema: tenantSettings.extend({
            tenant_id: tenantIdSchema,
          }),
        },
      },
    },
  },
  responses: {
    201: {
      description: "The tenant",
      content: { "application/json": { schema: tenantWithSecret } },
    },
    ...problems("conflict", "quota_exceeded"),
    ...bodyProblems,
  },
});

export function createTenant(
  app: App,
  { database, allowPrivateUrls, webhookSecrets }: Services,
): void {
  app.openapi(route, async (c) => {
    const tenant = c.req.valid("json");
    checkWebhookUrl("webhook_url", tenant.webhook_url, allowPrivateUrls);
    const secret = typeof tenant.webhook_url === "string" ? makeSecret() : undefined;
    const answer = await database
      .from("tenants")
      .insert({
        ...withoutUndefined(tenant),
        webhook_secret:
          secret === undefined ? null : await webhookSecrets.seal(tenant.tenant_id, secret),
      })
      .select(tenantColumns);
    if (answer.error?.code === uniqueViolation) {
      throw new ApiError(
        "conflict",
        `The tenant "${tenant.tenant_id}" already exists. Choose another tenant_id, or change the tenant with PATCH.`,
      );
    }
    if (answer.error?.code === stillRemoved) {
      throw new ApiError(
        "conflict",
        `The data of a deleted tenant "${tenant.tenant_id}" is still being removed. Choose another tenant_id, or try again in some minutes.`,
      );
    }
    rejectTooManyEndpoints(answer.error);
    const created = await unwrapFirst(answer);
    if (created === undefined) throw new Error("The insert returned no tenant");
    return c.json(
      { ...withPaceWarning(created), ...(secret === undefined ? {} : { webhook_secret: secret }) },
      201,
    );
  });
}
