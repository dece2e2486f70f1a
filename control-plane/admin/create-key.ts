import { createRoute, z } from "@hono/zod-openapi";
import { networkSchema } from "../../shared/session.ts";
import { storableText } from "../../shared/text.ts";
import { hashKey } from "../auth/hash-key.ts";
import { unwrapFirst, foreignKeyViolation } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { invalidField } from "../http/validation.ts";
import type { Services } from "../services.ts";
import { adminRoute, bodyProblems } from "./contract.ts";
import { keyColumns, keySchema, makeKey } from "./key-resource.ts";
import { tenantNotFound, tenantParams } from "./tenant-resource.ts";
import { withoutUndefined } from "../http/without-undefined.ts";

const route = createRoute({
  ...adminRoute,
  method: "post",
  path: "/admin/tenants/{tenantId}/keys",
  summary: "Create an API key",
  description: "The key is shown in this response only; the service stores its hash.",
  request: {
    params: tenantParams,
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z.object({
            name: storableText({ min: 1, max: 100 }).optional(),
            network: networkSchema,
            expires_at: z.iso.datetime({ offset: true }).optional(),
          }),
        },
      },
    },
  },
  responses: {
    201: {
      description: "The key, including its secret value",
      content: { "application/json": { schema: keySchema.extend({ key: z.string() }) } },
    },
    ...problems("not_found"),
    ...bodyProblems,
  },
});

export function createKey(app: App, { database, now }: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.req.valid("param");
    const settings = withoutUndefined(c.req.valid("json"));
    if (settings.expires_at !== undefined && Date.parse(settings.expires_at) <= now()) {
      throw invalidField("expires_at", "Must be in the future");
    }
    const { key, prefix } = makeKey(settings.network);
    const answer = await database
      .from("api_keys")
      .insert({
        ...settings,
        tenant_id: tenantId,
        key_hash: await hashKey(key),
        key_prefix: prefix,
      })
      .select(keyColumns);
    if (answer.error?.code === foreignKeyViolation) throw tenantNotFound(tenantId);
    const created = await unwrapFirst(answer);
    if (created === undefined) throw new Error("The insert returned no key");
    return c.json({ ...created, key }, 201);
  });
}
