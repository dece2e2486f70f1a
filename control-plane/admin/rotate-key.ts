import { createRoute } from "@hono/zod-openapi";
import { networks } from "../../shared/session.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { replaceKey } from "../key/keys.ts";
import { keyRotation, keyWithSecret } from "../key/resource.ts";
import type { Services } from "../services.ts";
import { adminRoute, bodyProblems } from "./contract.ts";
import { keyParams } from "./tenant-resource.ts";

const route = createRoute({
  ...adminRoute,
  method: "post",
  path: "/admin/tenants/{tenantId}/keys/{keyId}/rotate",
  summary: "Replace a key by a new one that may do the same",
  description:
    "The new key is shown in this response only. The former one goes on working for the overlap.",
  request: {
    params: keyParams,
    body: { required: true, content: { "application/json": { schema: keyRotation } } },
  },
  responses: {
    201: {
      description: "The new key, including its secret value",
      content: { "application/json": { schema: keyWithSecret } },
    },
    ...problems("not_found"),
    ...bodyProblems,
  },
});

export function rotateKey(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const rotation = c.req.valid("json");
    const replaced = await replaceKey(database, { ...c.req.valid("param"), networks, rotation });
    return c.json(replaced, 201);
  });
}
