import { createRoute } from "@hono/zod-openapi";
import { unwrapFirst } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { adminRoute } from "./contract.ts";
import { tenantColumns, tenantNotFound, tenantParams, tenantSchema } from "./tenant-resource.ts";

const contract = {
  ...adminRoute,
  method: "post" as const,
  request: { params: tenantParams },
  responses: {
    200: {
      description: "The tenant",
      content: { "application/json": { schema: tenantSchema } },
    },
    ...problems("unauthorized", "not_found", "invalid_request", "database_unavailable"),
  },
};

const suspend = createRoute({
  ...contract,
  path: "/admin/tenants/{tenantId}/suspend",
  summary: "Suspend a tenant",
  description:
    "Within 10 seconds its keys are refused with 403 and its streams are closed; its queue is not sent and its webhooks are not delivered. Sessions stay linked, and what they receive is stored.",
});

const resume = createRoute({
  ...contract,
  path: "/admin/tenants/{tenantId}/resume",
  summary: "Resume a suspended tenant",
  description: "Everything goes on where it was. Has no effect on a tenant that is not suspended.",
});

export function suspendTenant(app: App, { database, now }: Services): void {
  const set = async (tenantId: string, suspendedAt: string | null) => {
    const tenant = await unwrapFirst(
      database
        .from("tenants")
        .update({ suspended_at: suspendedAt })
        .eq("tenant_id", tenantId)
        .select(tenantColumns),
    );
    if (tenant === undefined) throw tenantNotFound(tenantId);
    return tenant;
  };
  app.openapi(suspend, async (c) => {
    const { tenantId } = c.req.valid("param");
    return c.json(await set(tenantId, new Date(now()).toISOString()), 200);
  });
  app.openapi(resume, async (c) => {
    const { tenantId } = c.req.valid("param");
    return c.json(await set(tenantId, null), 200);
  });
}
