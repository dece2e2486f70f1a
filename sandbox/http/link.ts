import type { Hono } from "hono";
import { z } from "zod";
import type { Network } from "../network.ts";
import { linkByCode as link } from "../registration/code.ts";
import { phoneOf, readBody } from "./input.ts";
import { requireOnline } from "./scan.ts";
import { deviceShape } from "./shapes.ts";

const body = z.object({
  code: z
    .string()
    .regex(/^[\s-]*(?:[0-9A-Za-z][\s-]*){8}$/, "must be the 8 characters that the session shows"),
});

export function linkByCode(app: Hono, network: Network): void {
  app.post("/phones/:phone/link", async (c) => {
    const phone = phoneOf(c, network);
    requireOnline(phone);
    const { code } = await readBody(c, body);
    return c.json(deviceShape(await link(network, phone.account, code)));
  });
}
