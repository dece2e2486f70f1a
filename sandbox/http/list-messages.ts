import { createRoute } from "@hono/zod-openapi";
import { listMessages as list } from "../store/messages.ts";
import { type Api, jsonResponse, listOf, problems } from "./api.ts";
import type { ApiDeps } from "./deps.ts";
import { messageSchema, toMessage } from "./message-resource.ts";
import { phoneParam, phonePath } from "./request.ts";

const route = createRoute({
  method: "get",
  path: "/phones/{phone}/messages",
  tags: ["Messages"],
  summary: "List what the phone has sent and received, decrypted",
  request: { params: phonePath },
  responses: {
    200: jsonResponse("In the order in which the phone stored them", listOf(messageSchema)),
    ...problems("phone_not_found"),
  },
});

export function listMessages(app: Api, { network, phones }: ApiDeps): void {
  app.openapi(route, async (c) => {
    const { account, mediaChecks } = phoneParam(c, phones);
    const messages = list(network.store, account.phone);
    const complete = await Promise.all(messages.map((message) => mediaChecks.complete(message)));
    return c.json({ data: complete.map(toMessage) }, 200);
  });
}
