import type { Hono } from "hono";
import { z } from "zod";
import type { Fault } from "../fault/faults.ts";
import { node } from "../wire/node.ts";
import type { Connection } from "../wire/connection.ts";
import type { ApiDeps } from "./deps.ts";
import { phoneNumber, readBody } from "./request.ts";

const maxDelayMs = 600_000;

const code = z.number().int().min(100).max(999);
const phone = phoneNumber.nullable().default(null);
const count = z.number().int().min(1).nullable().default(1);
/** 0 is a transfer that hangs. */
const bytesPerSecond = z.number().int().min(0);
const message = { phone, to: phoneNumber.nullable().default(null), count };

const body = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("drop-sockets"), phone }),
  z
    .object({
      kind: z.literal("stream-error"),
      phone,
      code: code.optional(),
      conflict: z.enum(["replaced", "device_removed"]).optional(),
    })
    .refine((fault) => fault.code !== undefined || fault.conflict !== undefined, {
      error: "needs `code`, `conflict` or both",
    }),
  z.object({ kind: z.literal("refuse-login"), phone, count, code }),
  z.object({ kind: z.literal("nack"), ...message, code }),
  z.object({ kind: z.literal("lose-acks"), ...message }),
  z.object({
    kind: z.literal("delay-acks"),
    ...message,
    delayMs: z.number().int().min(1).max(maxDelayMs),
  }),
  z.object({ kind: z.literal("refuse-upload"), phone, count, code }),
  z.object({ kind: z.literal("slow-upload"), phone, count, bytesPerSecond }),
  z.object({ kind: z.literal("expire-media"), phone, count, code: code.default(410) }),
  z.object({ kind: z.literal("corrupt-media"), phone, count }),
  z.object({ kind: z.literal("slow-media"), phone, count, bytesPerSecond }),
]);

/**
 * `drop-sockets` and `stream-error` happen at once and are answered with the number of affected
 * connections. The other faults wait for the next messages, logins, uploads or downloads.
 */
export function faults(app: Hono, { network }: ApiDeps): void {
  const connectionsOf = (number: string | null): Connection[] =>
    [...network.connections]
      .filter(([device]) => number === null || device.account.phone === number)
      .map(([, connection]) => connection);

  app.get("/faults", (c) => c.json({ data: network.faults.list().map(shape) }));

  app.delete("/faults", (c) => {
    network.faults.clear();
    return c.body(null, 204);
  });

  app.post("/faults", async (c) => {
    const fault = await readBody(c, body);
    if (fault.kind === "drop-sockets") {
      const affected = connectionsOf(fault.phone);
      for (const connection of affected) connection.drop();
      return c.json({ dropped: affected.length });
    }
    if (fault.kind === "stream-error") {
      const { code, conflict } = fault;
      const attrs = { code: code === undefined ? undefined : String(code) };
      const content = conflict && [node("conflict", { type: conflict })];
      const affected = connectionsOf(fault.phone);
      for (const connection of affected) connection.close(node("stream:error", attrs, content));
      return c.json({ closed: affected.length });
    }
    const { count: remaining, ...rest } = fault;
    const pending: Fault = { ...rest, remaining };
    network.faults.add(pending);
    return c.json(shape(pending), 201);
  });
}

function shape({ remaining, ...fault }: Fault) {
  return { ...fault, count: remaining };
}
