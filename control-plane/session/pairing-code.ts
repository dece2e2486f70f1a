import { createRoute, z } from "@hono/zod-openapi";
import { parsePhone } from "../../shared/recipient.ts";
import { refuseTestKeyOnLive } from "../auth/caller.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { locateSession } from "./find.ts";
import { refuseConnected } from "./refuse-connected.ts";
import { sessionParams } from "./resource.ts";
import { wantSession } from "./want.ts";

const commandTimeoutMs = 20_000;

const route = createRoute({
  method: "post",
  path: "/session/{sessionId}/pairing-code",
  tags: ["Pairing"],
  summary: "Get a code to type into the phone instead of scanning",
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
                message: "Must be a whole phone number, country code first, like 393331234567",
              })
              .openapi({ example: "393331234567" }),
          }),
        },
      },
    },
  },
  responses: {
    200: {
      description: "The code",
      content: {
        "application/json": { schema: z.object({ code: z.string(), expires_at: z.string() }) },
      },
    },
    ...problems(
      "invalid_json",
      "unauthorized",
      "forbidden",
      "not_found",
      "session_already_connected",
      "payload_too_large",
      "unsupported_media_type",
      "invalid_request",
      "session_unavailable",
      "connector_unavailable",
      "database_unavailable",
    ),
  },
});

export function getPairingCode(app: App, { database, connectors }: Services): void {
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const name = { tenantId: caller.tenantId, sessionId: c.req.valid("param").sessionId };
    const phone = parsePhone(c.req.valid("json").phone);
    if (phone === undefined) throw new Error("The schema let a phone number through that is none");

    const located = await locateSession(database, name);
    refuseTestKeyOnLive(caller, located);
    refuseConnected(located);
    if (located.desired === "disconnected") {
      await wantSession(database, { ...name, desired: "connected" });
    }
    const result = await connectors.ask({
      session: name,
      commandFor: (uid) => ({ type: "pairing_code", session_uid: uid, phone }),
      timeoutMs: commandTimeoutMs,
      repeatable: true,
      check: refuseConnected,
    });
    if (result.type !== "pairing_code") {
      throw new Error(`A pairing code was answered with ${result.type}`);
    }
    return c.json({ code: result.code, expires_at: result.expires_at }, 200);
  });
}
