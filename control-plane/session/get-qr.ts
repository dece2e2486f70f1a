import { createRoute, z } from "@hono/zod-openapi";
import { rejectTestKeyOnLive } from "../auth/reject-test-key.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { qrResponse, qrContent } from "./qr-response.ts";
import { locateSession } from "../locate/session.ts";
import { qrFormat, qrFormats } from "./qr-format.ts";
import { waitForQr } from "./wait-for-qr.ts";
import { sessionParams } from "./resource.ts";
import { setDesired } from "./set-desired.ts";

const route = createRoute({
  method: "get",
  path: "/session/{sessionId}/qr",
  tags: ["Pairing"],
  summary: "Get the QR code to scan with the phone",
  description:
    "Connects the session if it is disconnected and waits up to 15 seconds for the QR code. When the session is connected, JSON shows that state and the other formats respond 409.",
  request: {
    params: sessionParams,
    query: z.object({ format: z.enum(qrFormats).optional() }),
  },
  responses: {
    200: { description: "The QR code", content: qrContent },
    ...problems(
      "unauthorized",
      "rate_limited",
      "forbidden",
      "not_found",
      "not_acceptable",
      "invalid_request",
      "session_already_connected",
      "session_unavailable",
      "quota_exceeded",
      "database_unavailable",
    ),
  },
});

export function getQr(app: App, services: Services): void {
  const { database } = services;
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
    if (before.desired === "disconnected") {
      await setDesired(database, { ...name, desired: "connected" });
    }
    return qrResponse({ sessionId, located: await waitForQr(services, name) }, format);
  });
}
