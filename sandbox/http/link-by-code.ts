import type { Hono } from "hono";
import { z } from "zod";
import { linkByCode as link } from "../registration/link-by-code.ts";
import type { ApiDeps } from "./deps.ts";
import { onlinePhoneParam, readBody } from "./request.ts";
import { deviceShape } from "./response-shapes.ts";

const body = z.object({
  code: z
    .string()
    .regex(/^[\s-]*(?:[0-9A-Za-z][\s-]*){8}$/, "must be the 8 characters that the client shows"),
});

export function linkByCode(app: Hono, deps: ApiDeps): void {
  app.post("/phones/:phone/link", async (c) => {
    const phone = onlinePhoneParam(c, deps.phones);
    const { code } = await readBody(c, body);
    return c.json(deviceShape(await link(deps, phone.account, code)));
  });
}
