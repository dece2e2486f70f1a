import { createRoute, z } from "@hono/zod-openapi";
import { refuseTestKeyOnLive } from "../auth/caller.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { answerQr, qrContent } from "./answer-qr.ts";
import { locateSession } from "./find.ts";
import { qrFormat, qrFormats } from "./qr-format.ts";
import { waitForQr } from "./read-qr.ts";
import { refuseConnected } from "./refuse-connected.ts";
import { sessionParams } from "./resource.ts";
import { wantSession } from "./want.ts";

const commandTimeoutMs = 10_000;

const route = createRoute({
  method: "post",
  path: "/session/{sessionId}/regenerate-qr",
  tags: ["Pairing"],
  summary: "Throw the QR away and get a new one",
  request: {
    params: sessionParams,
    query: z.object({ format: z.enum(qrFormats).optional() }),
  },
  responses: {
    200: { description: "The new QR", content: qrContent },
    ...problems(
      "unauthorized",
      "forbidden",
      "not_found",
      "not_acceptable",
      "invalid_request",
      "session_already_connected",
      "session_unavailable",
      "connector_unavailable",
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
    refuseTestKeyOnLive(caller, before);
    refuseConnected(before);
    if (before.desired === "disconnected") {
      // Connecting makes a new QR by itself.
      await wantSession(database, { ...name, desired: "connected" });
    } else {
      await connectors.ask({
        session: name,
        commandFor: (uid) => ({ type: "regenerate_qr", session_uid: uid }),
        timeoutMs: commandTimeoutMs,
        repeatable: true,
        check: refuseConnected,
      });
    }
    const located = await waitForQr(services, { ...name, replaced: before });
    return answerQr({ sessionId, located }, format);
  });
}
