import { createRoute, z } from "@hono/zod-openapi";
import { readMessages } from "../phone/read-messages.ts";
import { unreadFrom } from "../store/messages.ts";
import { type Api, jsonBody, jsonResponse, problems } from "./api.ts";
import type { ApiDeps } from "./deps.ts";
import { onlinePhoneParam, phoneNumber, phonePath, requireJsonBody } from "./request.ts";

const route = createRoute({
  method: "post",
  path: "/phones/{phone}/read",
  tags: ["Messages"],
  summary: "Read the messages from a number",
  middleware: requireJsonBody,
  request: { params: phonePath, body: jsonBody(z.object({ from: phoneNumber })) },
  responses: {
    200: jsonResponse("How many were unread", z.object({ read: z.number().int() })),
    ...problems("phone_not_found", "phone_offline", "unsupported_media_type", "invalid_request"),
  },
});

export function readChat(app: Api, { network, phones }: ApiDeps): void {
  app.openapi(route, async (c) => {
    const phone = onlinePhoneParam(c, phones);
    const { from } = c.req.valid("json");
    const read = await phone.run(async () =>
      readMessages(phone, unreadFrom(network.store, phone.account.phone, from)),
    );
    return c.json({ read }, 200);
  });
}
