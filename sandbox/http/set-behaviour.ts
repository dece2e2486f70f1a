import { createRoute } from "@hono/zod-openapi";

import { withoutUndefined } from "../without-undefined.ts";
import { type Api, jsonBody, jsonResponse, problems } from "./api.ts";
import type { ApiDeps } from "./deps.ts";
import { behaviourSchema, phoneSchema, toPhone } from "./phone-resource.ts";
import { phoneParam, phonePath, requireJsonBody } from "./request.ts";

const route = createRoute({
  method: "post",
  path: "/phones/{phone}/behaviour",
  tags: ["Phones"],
  summary: "Change how a phone behaves",
  description: "Fields that are omitted keep their value; null means as the server's setting.",
  middleware: requireJsonBody,
  request: { params: phonePath, body: jsonBody(behaviourSchema.partial()) },
  responses: {
    200: jsonResponse("The phone", phoneSchema),
    ...problems("phone_not_found", "unsupported_media_type", "invalid_request"),
  },
});

export function setBehaviour(app: Api, { network, phones }: ApiDeps): void {
  app.openapi(route, (c) => {
    const phone = phoneParam(c, phones);
    const changes = withoutUndefined(c.req.valid("json"));
    phone.account.behaviour = { ...phone.account.behaviour, ...changes };
    network.accounts.saveAccount(phone.account);
    phone.setOnline(phone.account.behaviour.online);
    return c.json(toPhone(phone), 200);
  });
}
