import type { Hono } from "hono";
import type { ApiDeps } from "./deps.ts";
import { phoneShape } from "./response-shapes.ts";

export function listPhones(app: Hono, { phones }: ApiDeps): void {
  app.get("/phones", (c) => c.json({ data: phones.list().map(phoneShape) }));
}
