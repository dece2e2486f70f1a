import type { Hono } from "hono";
import { z } from "zod";
import type { Network } from "../network.ts";
import { phoneNumber, readBody } from "./input.ts";
import { phoneShape } from "./shapes.ts";

const body = z.object({ phone: phoneNumber, name: z.string().trim().min(1).max(100).optional() });

export function createPhone(app: Hono, network: Network): void {
  app.post("/phones", async (c) => {
    const { phone, name } = await readBody(c, body);
    return c.json(phoneShape(network.phones.create(phone, name ?? `+${phone}`)), 201);
  });
}
