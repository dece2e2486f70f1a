import { createRoute, z } from "@hono/zod-openapi";
import { rejectTestKeyOnLive } from "../auth/reject-test-key.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { qrResponse, qrContent } from "./qr-response.ts";
import { locateSession } from "../locate/session.ts";
import { qrFormat, qrFormats } from "./qr-format.ts";
import { waitForQr } from "./wait-for-qr.ts";
import { rejectConnected } from "./reject-connected.ts";
import { sessionParams } from "./resource.ts";
import { setDesired } from "./set-desired.ts";

const commandTimeoutMs = 10_000;

const route = createRoute({
  method: "post",
  path: "/session/{sessionId}/regenerate-qr",
  tags: ["Pairing"],
  summary: "Replace the QR code",
  request: {
    params: sessionParams,
    query: z.object({ format: z.enum(qrFormats).optional() }),
  },
  responses: {
    200: { description: "The new QR code", content: qrContent },
    ...problems(
      "unauthorized",
      "rate_limited",
      "forbidden",
      "not_found",
      "not_acceptable",
      "invalid_request",
      "session_already_connected",
      "session_unavailable",
      "connector_unavailable",
      "quota_exceeded",
      "database_unavailable",
    ),
  },
});

export function regenerateQr(app: App, services: Services): void {
  const { database, connectors } = services;
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const { sessionId } = c.req.valid("param");
    const name = { tenantId: caller.tenantId, sessionId };
    const format = qrFormat({
      format: c.req.valid("query").format,
      accept: c.req.header("accept"),
    });
    const before = await locateSession(database, name);
    rejectTestKeyOnLive(caller, before);
    rejectConnected(before);
    if (before.desired === "disconnected") {
      // Connecting creates a new QR code.
      await setDesired(database, { ...name, desired: "connected" });
    } else {
      await connectors.sendCommand({
        session: name,
        commandFor: (uid) => ({ type: "regenerate_qr", session_uid: uid }),
        timeoutMs: commandTimeoutMs,
        idempotent: true,
        check: rejectConnected,
      });
    }
    const located = await waitForQr(services, { ...name, replaced: before });
    return qrResponse({ sessionId, located }, format);
  });
}
