import type { Hono } from "hono";
import { z } from "zod";
import type { ApiDeps } from "./deps.ts";
import { phoneNumber, readBody } from "./request.ts";

const body = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("drop-sockets"), phone: phoneNumber.optional() }),
]);

/** `drop-sockets` cuts the connections of one account's devices, or of all devices. */
export function injectFault(app: Hono, { network }: ApiDeps): void {
  app.post("/faults", async (c) => {
    const { phone } = await readBody(c, body);
    const affected = [...network.connections].filter(
      ([device]) => !phone || device.account.phone === phone,
    );
    for (const [, connection] of affected) connection.drop();
    return c.json({ dropped: affected.length });
  });
}
