import { createRoute } from "@hono/zod-openapi";
import { type Api, jsonResponse, problems } from "./api.ts";
import type { ApiDeps } from "./deps.ts";
import { phoneSchema, toPhone } from "./phone-resource.ts";
import { phoneParam, phonePath } from "./request.ts";

const route = createRoute({
  method: "get",
  path: "/phones/{phone}",
  tags: ["Phones"],
  summary: "Get a phone and its linked devices",
  request: { params: phonePath },
  responses: { 200: jsonResponse("The phone", phoneSchema), ...problems("phone_not_found") },
});

export function getPhone(app: Api, { phones }: ApiDeps): void {
  app.openapi(route, (c) => c.json(toPhone(phoneParam(c, phones)), 200));
}
