import type { Hono } from "hono";
import { z } from "zod";
import type { Network } from "../network.ts";
import { phoneNumber, readBody } from "./input.ts";

// Further kinds (refused and late acks, stream errors, lost messages) join this union.
const body = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("drop-sockets"), phone: phoneNumber.optional() }),
]);

/** What goes wrong on purpose. `drop-sockets` cuts the lines of one number's devices, or of all. */
export function faults(app: Hono, network: Network): void {
  app.post("/faults", async (c) => {
    const { phone } = await readBody(c, body);
    const lines = [...network.lines].filter(([device]) => !phone || device.account.phone === phone);
    for (const [, connection] of lines) connection.drop();
    return c.json({ dropped: lines.length });
  });
}
