import type { Hono } from "hono";
import type { Network } from "../network.ts";
import { phoneOf } from "./input.ts";
import { phoneShape } from "./shapes.ts";

export function getPhone(app: Hono, network: Network): void {
  app.get("/phones/:phone", (c) => c.json(phoneShape(phoneOf(c, network))));
}
