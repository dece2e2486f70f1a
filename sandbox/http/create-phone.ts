import { createRoute, z } from "@hono/zod-openapi";
import { type Api, jsonBody, jsonResponse, problems } from "./api.ts";
import type { ApiDeps } from "./deps.ts";
import { phoneSchema, toPhone } from "./phone-resource.ts";
import { phoneNumber, requireJsonBody } from "./request.ts";

const body = z.object({ phone: phoneNumber, name: z.string().trim().min(1).max(100).optional() });

const route = createRoute({
  method: "post",
  path: "/phones",
  tags: ["Phones"],
  summary: "Create a phone",
  middleware: requireJsonBody,
  request: { body: jsonBody(body) },
  responses: {
    201: jsonResponse("The new phone", phoneSchema),
    ...problems("phone_exists", "unsupported_media_type", "invalid_request"),
  },
});

export function createPhone(app: Api, { phones }: ApiDeps): void {
  app.openapi(route, (c) => {
    const { phone, name } = c.req.valid("json");
    return c.json(toPhone(phones.create(phone, name ?? `+${phone}`)), 201);
  });
}
