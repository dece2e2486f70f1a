import type { Hono } from "hono";
import type { ApiDeps } from "./deps.ts";
import { phoneParam } from "./request.ts";
import { phoneShape } from "./response-shapes.ts";

export function getPhone(app: Hono, { phones }: ApiDeps): void {
  app.get("/phones/:phone", (c) => c.json(phoneShape(phoneParam(c, phones))));
}
