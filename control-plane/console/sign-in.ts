import type { Context } from "hono";
import { z } from "zod";
import { ApiError } from "../../shared/errors.ts";
import { authenticate } from "../auth/authenticate.ts";
import { clientAddress } from "../auth/client-address.ts";
import type { SignedIn } from "../auth/console-sessions.ts";
import { isAdminKey } from "../auth/require-admin.ts";
import { invalidKeyError } from "../auth/require-key.ts";
import type { App, AppEnv } from "../http/app-env.ts";
import type { Services } from "../services.ts";

const bodySchema = z.strictObject({ key: z.string().min(1).max(300) });

/** `/console/session`: signs the console in and out, and says who is signed in. */
export function signIn(app: App, services: Services): void {
  app.post("/console/session", async (c) => {
    const body = bodySchema.safeParse(await c.req.json().catch(() => undefined));
    if (!body.success) throw new ApiError("invalid_request", 'Send {"key": "your API key"}.');
    const signedIn = await identify(c, body.data.key, services);
    return welcome(c, signedIn, services);
  });

  // Asked by the page when it opens and every few minutes: the session lives on while it is used.
  app.get("/console/session", async (c) => {
    const signedIn = await services.consoleSessions.read(c);
    // Not an error: every first visit begins so.
    if (signedIn === undefined) return c.json(null);
    return welcome(c, await identify(c, signedIn.key, services), services);
  });

  app.delete("/console/session", (c) => {
    c.header("Set-Cookie", services.consoleSessions.clear(c.req));
    return c.body(null, 204);
  });
}

async function identify(
  c: Context<AppEnv>,
  key: string,
  services: Services,
): Promise<SignedIn & { tenantId: string | null }> {
  if (await isAdminKey(key, services.adminKey)) return { role: "admin", key, tenantId: null };
  const caller = await authenticate({ key, address: clientAddress(c.req.raw.headers) }, services);
  if (caller === undefined) throw invalidKeyError();
  return { role: "tenant", key, tenantId: caller.tenantId };
}

async function welcome(
  c: Context<AppEnv>,
  { role, key, tenantId }: SignedIn & { tenantId: string | null },
  { consoleSessions, phones }: Services,
): Promise<Response> {
  const cookie = await consoleSessions.create({ role, key }, c.req);
  c.header("Set-Cookie", cookie.setCookie);
  return c.json({
    role,
    tenant_id: tenantId,
    csrf_token: cookie.csrfToken,
    expires_at: cookie.expiresAt,
    has_phones: phones !== undefined,
  });
}
