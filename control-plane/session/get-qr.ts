import { createRoute, z } from "@hono/zod-openapi";
import { refuseTestKeyOnLive } from "../auth/caller.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { answerQr, qrContent } from "./answer-qr.ts";
import { locateSession } from "./find.ts";
import { qrFormat, qrFormats } from "./qr-format.ts";
import { waitForQr } from "./read-qr.ts";
import { sessionParams } from "./resource.ts";
import { wantSession } from "./want.ts";

const route = createRoute({
  method: "get",
  path: "/session/{sessionId}/qr",
  tags: ["Pairing"],
  summary: "Get the QR to scan with the phone",
  description:
    "Connects the session if need be and waits up to 15 seconds for its QR. Once it is connected, JSON says so and the images answer 409.",
  request: {
    params: sessionParams,
    query: z.object({ format: z.enum(qrFormats).optional() }),
  },
  responses: {
    200: { description: "The QR", content: qrContent },
    ...problems(
      "unauthorized",
      "forbidden",
      "not_found",
      "not_acceptable",
      "invalid_request",
      "session_already_connected",
      "session_unavailable",
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
    refuseTestKeyOnLive(caller, before);
    if (before.desired === "disconnected") {
      await wantSession(database, { ...name, desired: "connected" });
    }
    return answerQr({ sessionId, located: await waitForQr(services, name) }, format);
  });
}
