import { createRoute, z } from "@hono/zod-openapi";
import { rejectTestKeyOnLive } from "../auth/reject-test-key.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { locateSession } from "../locate/session.ts";
import type { Services } from "../services.ts";
import { sessionParams } from "../session/resource.ts";

const hour = 3_600;

const bodySchema = z.strictObject({
  expires_in: z
    .number()
    .int()
    .min(60)
    .max(7 * 24 * hour)
    .default(hour)
    .openapi({
      description: "Seconds until the link stops working; 7 days at most",
    }),
  redirect_url: z
    .url({ protocol: /^https?$/ })
    .max(1_000)
    .optional()
    .openapi({ description: "Where the page leads when the session is connected" }),
});

const route = createRoute({
  method: "post",
  path: "/session/{sessionId}/pairing-link",
  tags: ["Pairing"],
  summary: "Create a link to a page where your customer pairs the session",
  description:
    "The page needs no key: whoever has the link may pair this session until the link expires. It may be embedded in an iframe by the tenant's cors_origins.",
  request: {
    params: sessionParams,
    body: { required: true, content: { "application/json": { schema: bodySchema } } },
  },
  responses: {
    201: {
      description: "The link",
      content: {
        "application/json": { schema: z.object({ url: z.string(), expires_at: z.string() }) },
      },
    },
    ...problems(
      "invalid_json",
      "unauthorized",
      "rate_limited",
      "forbidden",
      "not_found",
      "payload_too_large",
      "unsupported_media_type",
      "invalid_request",
      "database_unavailable",
    ),
  },
});

export function createPairingLink(app: App, { database, pairingLinks }: Services): void {
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const name = { tenantId: caller.tenantId, sessionId: c.req.valid("param").sessionId };
    rejectTestKeyOnLive(caller, await locateSession(database, name));
    const { expires_in: lifetimeSeconds, redirect_url: redirectUrl } = c.req.valid("json");
    const link = await pairingLinks.create({ ...name, redirectUrl, lifetimeSeconds }, c.req);
    return c.json({ url: link.url, expires_at: link.expiresAt.toISOString() }, 201);
  });
}
