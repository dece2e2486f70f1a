import type { Hono } from "hono";
import { listMessages as list } from "../store/messages.ts";
import type { ApiDeps } from "./deps.ts";
import { phoneParam } from "./request.ts";
import { messageShape } from "./response-shapes.ts";

export function listMessages(app: Hono, { network, phones }: ApiDeps): void {
  app.get("/phones/:phone/messages", async (c) => {
    const { account, mediaChecks } = phoneParam(c, phones);
    const messages = list(network.store, account.phone);
    const complete = await Promise.all(messages.map((message) => mediaChecks.complete(message)));
    return c.json({ data: complete.map(messageShape) });
  });
}
