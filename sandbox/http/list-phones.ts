import type { Hono } from "hono";
import type { Network } from "../network.ts";
import { phoneShape } from "./shapes.ts";

export function listPhones(app: Hono, network: Network): void {
  app.get("/phones", (c) => c.json({ data: network.phones.list().map(phoneShape) }));
}
