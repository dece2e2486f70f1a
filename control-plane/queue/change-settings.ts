import { createRoute } from "@hono/zod-openapi";
import { rejectTestKeyOnLive } from "../auth/reject-test-key.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { invalidField } from "../http/validation.ts";
import { withoutUndefined } from "../http/without-undefined.ts";
import { findSession } from "../locate/session.ts";
import type { Services } from "../services.ts";
import { sessionParams } from "../session/resource.ts";
import { applySettings } from "./apply-settings.ts";
import { queueSettingsFields, sessionSettingsSchema } from "./settings.ts";

const route = createRoute({
  method: "patch",
  path: "/session/{sessionId}/queue/settings",
  tags: ["Queue"],
  summary: "Change the pace and the retries of a session's queue",
  request: {
    params: sessionParams,
    body: { required: true, content: { "application/json": { schema: queueSettingsFields } } },
  },
  responses: {
    200: {
      description: "The settings, which hold from now on",
      content: { "application/json": { schema: sessionSettingsSchema } },
    },
    ...problems(
      "invalid_json",
      "unauthorized",
      "forbidden",
      "not_found",
      "payload_too_large",
      "unsupported_media_type",
      "invalid_request",
      "database_unavailable",
    ),
  },
});

export function changeQueueSettings(app: App, services: Services): void {
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const name = { tenantId: caller.tenantId, sessionId: c.req.valid("param").sessionId };
    const changes = withoutUndefined(c.req.valid("json"));
    if (Object.keys(changes).length === 0)
      throw invalidField("", "Send at least one setting to change");
    rejectTestKeyOnLive(caller, await findSession(services.database, name));
    return c.json(await applySettings(services, name, changes), 200);
  });
}
