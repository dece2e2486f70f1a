import type { Hono } from "hono";
import { z } from "zod";
import type { Network } from "../network.ts";
import { scan } from "../registration/scan.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { Phone } from "../phone/phone.ts";
import { phoneOf, readBody } from "./input.ts";
import { deviceShape } from "./shapes.ts";

const body = z.object({ qr: z.string().min(1) });

export function scanQr(app: Hono, network: Network): void {
  app.post("/phones/:phone/scan", async (c) => {
    const phone = phoneOf(c, network);
    requireOnline(phone);
    const { qr } = await readBody(c, body);
    return c.json(deviceShape(await scan(network, phone.account, qr)));
  });
}

/** What a phone does by hand needs a network. */
export function requireOnline(phone: Phone): void {
  if (phone.account.behaviour.online) return;
  throw new SandboxError(
    "phone_offline",
    'This phone is offline. Bring it back with POST /phones/:phone/behaviour {"online":true}.',
  );
}
