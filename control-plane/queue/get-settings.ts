import { createRoute } from "@hono/zod-openapi";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { findSession } from "../locate/session.ts";
import type { Services } from "../services.ts";
import { sessionParams } from "../session/resource.ts";
import { applySettings } from "./apply-settings.ts";
import { sessionSettingsSchema } from "./settings.ts";

const route = createRoute({
  method: "get",
  path: "/session/{sessionId}/queue/settings",
  tags: ["Queue"],
  summary: "Get the pace and the retries of a session's queue",
  request: { params: sessionParams },
  responses: {
    200: {
      description: "The settings",
      content: { "application/json": { schema: sessionSettingsSchema } },
    },
    ...problems("unauthorized", "not_found", "database_unavailable"),
  },
});

export function getQueueSettings(app: App, services: Services): void {
  app.openapi(route, async (c) => {
    const { tenantId } = c.get("caller");
    const name = { tenantId, sessionId: c.req.valid("param").sessionId };
    await findSession(services.database, name);
    return c.json(await applySettings(services, name, {}), 200);
  });
}
