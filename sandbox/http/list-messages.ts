import type { Hono } from "hono";
import type { Network } from "../network.ts";
import { listMessages as list } from "../store/messages.ts";
import { phoneOf } from "./input.ts";
import { messageShape } from "./shapes.ts";

export function listMessages(app: Hono, network: Network): void {
  app.get("/phones/:phone/messages", (c) => {
    const { account } = phoneOf(c, network);
    return c.json({ data: list(network.store, account.phone).map(messageShape) });
  });
}
