import { createRoute } from "@hono/zod-openapi";
import { type Api, jsonResponse, listOf } from "./api.ts";
import type { ApiDeps } from "./deps.ts";
import { phoneSchema, toPhone } from "./phone-resource.ts";

const route = createRoute({
  method: "get",
  path: "/phones",
  tags: ["Phones"],
  summary: "List the phones",
  responses: { 200: jsonResponse("All phones", listOf(phoneSchema)) },
});

export function listPhones(app: Api, { phones }: ApiDeps): void {
  app.openapi(route, (c) => c.json({ data: phones.list().map(toPhone) }, 200));
}
