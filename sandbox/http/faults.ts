import { createRoute, z } from "@hono/zod-openapi";
import type { Fault } from "../fault/faults.ts";
import { node } from "../wire/node.ts";
import type { Connection } from "../wire/connection.ts";
import { type Api, jsonBody, jsonResponse, listOf, problems } from "./api.ts";
import type { ApiDeps } from "./deps.ts";
import { phoneNumber, requireJsonBody } from "./request.ts";

const maxDelayMs = 600_000;

const code = z.number().int().min(100).max(999);
const phone = phoneNumber
  .nullable()
  .default(null)
  .openapi({ type: ["string", "null"] });
const count = z.number().int().min(1).nullable().default(1);
/** 0 is a transfer that hangs. */
const bytesPerSecond = z.number().int().min(0);
const message = { phone, to: phone, count };

const immediate = [
  z.object({ kind: z.literal("drop-sockets"), phone }),
  z.object({ kind: z.literal("go-silent"), phone }),
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
] as const;

const waiting = [
  z.object({ kind: z.literal("refuse-login"), phone, count, code }),
  z.object({ kind: z.literal("nack"), ...message, code }),
  z.object({ kind: z.literal("lose-acks"), ...message }),
  z.object({
    kind: z.literal("delay-acks"),
    ...message,
    delayMs: z.number().int().min(1).max(maxDelayMs),
  }),
  z.object({ kind: z.literal("lose-receipts"), phone, count }),
  z.object({ kind: z.literal("refuse-upload"), phone, count, code }),
  z.object({ kind: z.literal("slow-upload"), phone, count, bytesPerSecond }),
  z.object({ kind: z.literal("expire-media"), phone, count, code: code.default(410) }),
  z.object({ kind: z.literal("corrupt-media"), phone, count }),
  z.object({ kind: z.literal("slow-media"), phone, count, bytesPerSecond }),
] as const;

const body = z.discriminatedUnion("kind", [...immediate, ...waiting]);
const waitingFault = z.discriminatedUnion("kind", waiting).openapi("Fault");

const listRoute = createRoute({
  method: "get",
  path: "/faults",
  tags: ["Network"],
  summary: "List the faults that wait",
  responses: { 200: jsonResponse("Oldest first", listOf(waitingFault)) },
});

const clearRoute = createRoute({
  method: "delete",
  path: "/faults",
  tags: ["Network"],
  summary: "Clear the faults that wait",
  responses: { 204: { description: "Cleared" } },
});

const injectRoute = createRoute({
  method: "post",
  path: "/faults",
  tags: ["Network"],
  summary: "Make something fail",
  description:
    "`drop-sockets`, `go-silent` and `stream-error` happen at once. The others wait for the next `count` messages, logins, uploads or downloads.",
  middleware: requireJsonBody,
  request: { body: jsonBody(body) },
  responses: {
    200: jsonResponse(
      "The number of connections that it happened to",
      z.union([
        z.object({ dropped: z.number().int() }),
        z.object({ silenced: z.number().int() }),
        z.object({ closed: z.number().int() }),
      ]),
    ),
    201: jsonResponse("The fault waits", waitingFault),
    ...problems("unsupported_media_type", "invalid_request"),
  },
});

export function faults(app: Api, { network }: ApiDeps): void {
  const connectionsOf = (number: string | null): Connection[] =>
    [...network.connections]
      .filter(([device]) => number === null || device.account.phone === number)
      .map(([, connection]) => connection);

  app.openapi(listRoute, (c) => c.json({ data: network.faults.list().map(toFault) }, 200));

  app.openapi(clearRoute, (c) => {
    network.faults.clear();
    return c.body(null, 204);
  });

  app.openapi(injectRoute, (c) => {
    const fault = c.req.valid("json");
    if (fault.kind === "drop-sockets") {
      const affected = connectionsOf(fault.phone);
      for (const connection of affected) connection.drop();
      return c.json({ dropped: affected.length }, 200);
    }
    if (fault.kind === "go-silent") {
      const affected = connectionsOf(fault.phone);
      for (const connection of affected) connection.goSilent();
      return c.json({ silenced: affected.length }, 200);
    }
    if (fault.kind === "stream-error") {
      const { code, conflict } = fault;
      const attrs = { code: code === undefined ? undefined : String(code) };
      const content = conflict && [node("conflict", { type: conflict })];
      const affected = connectionsOf(fault.phone);
      for (const connection of affected) connection.close(node("stream:error", attrs, content));
      return c.json({ closed: affected.length }, 200);
    }
    const { count: remaining, ...rest } = fault;
    const pending: Fault = { ...rest, remaining };
    network.faults.add(pending);
    return c.json(toFault(pending), 201);
  });
}

function toFault({ remaining, ...fault }: Fault): z.infer<typeof waitingFault> {
  return { ...fault, count: remaining };
}
