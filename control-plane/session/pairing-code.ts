import { createRoute, z } from "@hono/zod-openapi";
import { parsePhone } from "../../shared/recipient.ts";
import { rejectTestKeyOnLive } from "../auth/reject-test-key.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { locateSession } from "../locate/session.ts";
import { rejectConnected } from "./reject-connected.ts";
import { sessionParams } from "./resource.ts";
import { setDesired } from "./set-desired.ts";

const commandTimeoutMs = 20_000;

const route = createRoute({
  method: "post",
  path: "/session/{sessionId}/pairing-code",
  tags: ["Pairing"],
  summary: "Get a pairing code to enter on the phone instead of scanning",
  request: {
    params: sessionParams,
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z.object({
            phone: z
              .string()
              .max(40)
              .refine((phone) => parsePhone(phone) !== undefined, {
                message: "Must be a complete phone number with its country code, like 393331234567",
              })
              .openapi({ example: "393331234567" }),
          }),
        },
      },
    },
  },
  responses: {
    200: {
      description: "The pairing code",
      content: {
        "application/json": { schema: z.object({ code: z.string(), expires_at: z.string() }) },
      },
    },
    ...problems(
      "invalid_json",
      "unauthorized",
      "rate_limited",
      "forbidden",
      "not_found",
      "session_already_connected",
      "payload_too_large",
      "unsupported_media_type",
      "invalid_request",
      "pairing_refused",
      "session_unavailable",
      "connector_unavailable",
      "quota_exceeded",
      "database_unavailable",
    ),
  },
});

export function getPairingCode(app: App, { database, connectors }: Services): void {
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const name = { tenantId: caller.tenantId, sessionId: c.req.valid("param").sessionId };
    const phone = parsePhone(c.req.valid("json").phone);
    if (phone === undefined) throw new Error("The schema accepted an invalid phone number");

    const located = await locateSession(database, name);
    rejectTestKeyOnLive(caller, located);
    rejectConnected(located);
    if (located.desired === "disconnected") {
      await setDesired(database, { ...name, desired: "connected" });
    }
    const result = await connectors.sendCommand({
      session: name,
      commandFor: (uid) => ({ type: "pairing_code", session_uid: uid, phone }),
      timeoutMs: commandTimeoutMs,
      idempotent: true,
      check: rejectConnected,
    });
    if (result.type !== "pairing_code") {
      throw new Error(`The connector responded to pairing_code with ${result.type}`);
    }
    return c.json({ code: result.code, expires_at: result.expires_at }, 200);
  });
}
