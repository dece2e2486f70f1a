import { createRoute, z } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { bodyProblems, problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { replaceKey } from "./keys.ts";
import { networksOf } from "./networks-of.ts";
import { keyRotation, keyWithSecret } from "./resource.ts";

const route = createRoute({
  method: "post",
  path: "/tenant/keys/{keyId}/rotate",
  tags: ["Keys"],
  summary: "Replace a key by a new one that may do the same",
  description:
    "The new key is shown in this response only. The former one goes on working for the overlap. A key that expires is replaced by one with the same life.",
  request: {
    params: z.object({ keyId: z.string() }),
    body: { required: true, content: { "application/json": { schema: keyRotation } } },
  },
  responses: {
    201: {
      description: "The new key, including its secret value",
      content: { "application/json": { schema: keyWithSecret } },
    },
    ...bodyProblems,
    ...problems("forbidden", "not_found"),
  },
});

export function rotateOwnKey(app: App, { database }: Services): void {
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const replaced = await replaceKey(database, {
      tenantId: caller.tenantId,
      keyId: c.req.valid("param").keyId,
      networks: networksOf(caller),
      rotation: c.req.valid("json"),
    });
    return c.json(replaced, 201);
  });
}
