import type { Hono } from "hono";
import { z } from "zod";
import type { ApiDeps } from "./deps.ts";
import { phoneNumber, readBody } from "./request.ts";
import { phoneShape } from "./response-shapes.ts";

const body = z.object({ phone: phoneNumber, name: z.string().trim().min(1).max(100).optional() });

export function createPhone(app: Hono, { phones }: ApiDeps): void {
  app.post("/phones", async (c) => {
    const { phone, name } = await readBody(c, body);
    return c.json(phoneShape(phones.create(phone, name ?? `+${phone}`)), 201);
  });
}
