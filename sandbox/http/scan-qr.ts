import type { Hono } from "hono";
import { z } from "zod";
import { scanQr as scan } from "../registration/scan-qr.ts";
import type { ApiDeps } from "./deps.ts";
import { onlinePhoneParam, readBody } from "./request.ts";
import { deviceShape } from "./response-shapes.ts";

const body = z.object({ qr: z.string().min(1) });

export function scanQr(app: Hono, deps: ApiDeps): void {
  app.post("/phones/:phone/scan", async (c) => {
    const phone = onlinePhoneParam(c, deps.phones);
    const { qr } = await readBody(c, body);
    return c.json(deviceShape(await scan(deps, phone.account, qr)));
  });
}
