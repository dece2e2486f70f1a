import type { Hono } from "hono";
import { listMessages as list } from "../store/messages.ts";
import type { ApiDeps } from "./deps.ts";
import { phoneParam } from "./request.ts";
import { messageShape } from "./response-shapes.ts";

export function listMessages(app: Hono, { network, phones }: ApiDeps): void {
  app.get("/phones/:phone/messages", (c) => {
    const { account } = phoneParam(c, phones);
    return c.json({ data: list(network.store, account.phone).map(messageShape) });
  });
}
