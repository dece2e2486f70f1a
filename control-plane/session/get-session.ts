import { createRoute } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { findSession } from "../locate/session.ts";
import { sessionParams, sessionSchema, toSession } from "./resource.ts";

const contract = {
  method: "get" as const,
  tags: ["Sessions"],
  request: { params: sessionParams },
  responses: {
    200: {
      description: "The session",
      content: { "application/json": { schema: sessionSchema } },
    },
    ...problems("unauthorized", "rate_limited", "not_found", "database_unavailable"),
  },
};

const routes = [
  createRoute({ ...contract, path: "/session/{sessionId}", summary: "Get a session" }),
  createRoute({
    ...contract,
    path: "/session/{sessionId}/status",
    summary: "Get a session; the same under another path",
  }),
];

export function getSession(app: App, { database }: Services): void {
  for (const route of routes) {
    app.openapi(route, async (c) => {
      const { sessionId } = c.req.valid("param");
      const session = await findSession(database, {
        tenantId: c.get("caller").tenantId,
        sessionId,
      });
      return c.json(toSession(session), 200);
    });
  }
}
