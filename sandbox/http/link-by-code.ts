import { createRoute, z } from "@hono/zod-openapi";
import { linkByCode as link } from "../registration/link-by-code.ts";
import { type Api, jsonBody, jsonResponse, problems } from "./api.ts";
import type { ApiDeps } from "./deps.ts";
import { deviceSchema, toDevice } from "./phone-resource.ts";
import { onlinePhoneParam, phonePath, requireJsonBody } from "./request.ts";

const body = z.object({
  code: z
    .string()
    .regex(/^[\s-]*(?:[0-9A-Za-z][\s-]*){8}$/, "must be the 8 characters that the client shows")
    .openapi({ example: "ABCD-1234" }),
});

const route = createRoute({
  method: "post",
  path: "/phones/{phone}/link",
  tags: ["Linked devices"],
  summary: "Link the client that shows this pairing code",
  middleware: requireJsonBody,
  request: { params: phonePath, body: jsonBody(body) },
  responses: {
    200: jsonResponse("The linked device", deviceSchema),
    ...problems(
      "phone_not_found",
      "no_code_pending",
      "phone_offline",
      "unsupported_media_type",
      "invalid_request",
      "wrong_code",
      "pairing_unanswered",
    ),
  },
});

export function linkByCode(app: Api, deps: ApiDeps): void {
  app.openapi(route, async (c) => {
    const phone = onlinePhoneParam(c, deps.phones);
    const { code } = c.req.valid("json");
    return c.json(toDevice(await link(deps, phone.account, code)), 200);
  });
}
