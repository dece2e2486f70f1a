import { createRoute } from "@hono/zod-openapi";

import { saveSetting } from "../store/settings.ts";
import { withoutUndefined } from "../without-undefined.ts";
import { type Api, jsonBody, jsonResponse, problems } from "./api.ts";
import type { ApiDeps } from "./deps.ts";
import { requireJsonBody } from "./request.ts";
import { networkBehaviourSchema } from "./phone-resource.ts";

const getRoute = createRoute({
  method: "get",
  path: "/behaviour",
  tags: ["Network"],
  summary: "Get the server's behaviour towards phones that have no setting of their own",
  responses: { 200: jsonResponse("The settings", networkBehaviourSchema) },
});

const setRoute = createRoute({
  method: "post",
  path: "/behaviour",
  tags: ["Network"],
  summary: "Change the server's behaviour; it is stored",
  middleware: requireJsonBody,
  request: { body: jsonBody(networkBehaviourSchema.partial()) },
  responses: {
    200: jsonResponse("The settings", networkBehaviourSchema),
    ...problems("unsupported_media_type", "invalid_request"),
  },
});

export function networkBehaviour(app: Api, { network }: ApiDeps): void {
  app.openapi(getRoute, (c) => c.json(network.behaviour, 200));
  app.openapi(setRoute, (c) => {
    network.behaviour = { ...network.behaviour, ...withoutUndefined(c.req.valid("json")) };
    saveSetting(network.store, "behaviour", network.behaviour);
    return c.json(network.behaviour, 200);
  });
}
