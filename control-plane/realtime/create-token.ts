import { createRoute, z } from "@hono/zod-openapi";
import { ApiError } from "../../shared/errors.ts";
import { unwrap } from "../database/unwrap.ts";
import type { App } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { signToken } from "./sign-token.ts";

const defaultSeconds = 600;
const maxSeconds = 3_600;

const tokenSchema = z
  .object({
    url: z.string(),
    anon_key: z.string(),
    token: z.string(),
    expires_at: z.string(),
    topic: z.string(),
  })
  .openapi("RealtimeToken", {
    example: {
      url: "https://your-project.supabase.co",
      anon_key: "eyJhbGciOi...",
      token: "eyJhbGciOi...",
      expires_at: "2026-11-25T12:10:00.000Z",
      topic: "tenant:my_saas:events",
    },
  });

const route = createRoute({
  method: "post",
  path: "/tenant/realtime-token",
  tags: ["Events"],
  summary: "Get a short-lived token with which a frontend listens to the tenant's events",
  description:
    "For supabase-js: the token may join the private channel `topic`, whose broadcasts are the tenant's events, and read the tenant's sessions, messages and events by row-level security. It cannot write. Ask your backend for it, never put an API key into a page.",
  request: {
    body: {
      required: false,
      content: {
        "application/json": {
          schema: z.strictObject({
            expires_in: z
              .number()
              .int()
              .min(10)
              .max(maxSeconds)
              .optional()
              .openapi({ description: "Seconds until the token expires", default: defaultSeconds }),
          }),
        },
      },
    },
  },
  responses: {
    201: { description: "The token", content: { "application/json": { schema: tokenSchema } } },
    ...problems(
      "invalid_json",
      "unauthorized",
      "payload_too_large",
      "unsupported_media_type",
      "invalid_request",
      "not_configured",
      "database_unavailable",
    ),
  },
});

export function createRealtimeToken(app: App, { database, frontendProject, now }: Services): void {
  app.openapi(route, async (c) => {
    if (frontendProject === undefined) {
      throw new ApiError(
        "not_configured",
        "This installation issues no realtime tokens. Ask the operator to set SUPABASE_ANON_KEY and SUPABASE_JWT_SECRET.",
      );
    }
    const { tenantId, keyId } = c.get("caller");
    const { expires_in = defaultSeconds } = c.req.valid("json");
    const issuedAtMs = now();
    const expiresAtMs = issuedAtMs + expires_in * 1_000;
    const expires_at = new Date(expiresAtMs).toISOString();
    // Before the token can be used: events are sent to the topic only while somebody may listen.
    await unwrap(
      database.rpc("open_audience", { tenant_id: tenantId, listening_until: expires_at }),
    );
    const { url, anonKey, jwtSecret } = frontendProject;
    const token = await signToken({ tenantId, keyId, issuedAtMs, expiresAtMs }, jwtSecret);
    return c.json(
      { url, anon_key: anonKey, token, expires_at, topic: `tenant:${tenantId}:events` },
      201,
    );
  });
}
