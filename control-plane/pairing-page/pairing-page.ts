import type { Context } from "hono";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { ApiError } from "../../shared/errors.ts";
import { parsePhone } from "../../shared/recipient.ts";
import { readAsset, securityHeaders } from "../console/assets.ts";
import { unwrapFirst } from "../database/unwrap.ts";
import type { App, AppEnv } from "../http/app-env.ts";
import { locateSession } from "../locate/session.ts";
import type { Services } from "../services.ts";
import { rejectConnected } from "../session/reject-connected.ts";
import { qrDataUrl } from "../session/render-qr.ts";
import { setDesired } from "../session/set-desired.ts";
import type { PairingGrant } from "../auth/pairing-links.ts";

const codeTimeoutMs = 10_000;
/** The page asks more often than the state can change; what many open pages cost is bounded. */
const stateTtlMs = 1_000;
/** A visitor may not keep a phone ringing with codes. */
const codesPerLink = 10;

const codeSchema = z.strictObject({ phone: z.string().max(40) });

/** `/pair/:token`: the page behind a pairing link, and what it asks for. */
export function pairingPage(app: App, services: Services): void {
  const states = new LRUCache<string, Promise<object>>({ max: 10_000, ttl: stateTtlMs });
  const codes = new LRUCache<string, number>({ max: 10_000 });

  app.get("/pair/:token", async (c) => {
    const grant = await services.pairingLinks.read(c.req.param("token"));
    const origins = grant === undefined ? [] : (await readTenant(grant, services)).cors_origins;
    const page = await readAsset(services.assets, "console/pair.html");
    if (page === undefined) return c.notFound();
    const headers = securityHeaders("pair.html", { frameAncestors: origins });
    return new Response(page.body, { status: grant === undefined ? 404 : 200, headers });
  });

  app.get("/pair/:token/state", async (c) => {
    const grant = await requireGrant(c, services);
    const key = JSON.stringify([grant.tenantId, grant.sessionId]);
    const state = states.get(key) ?? readState(grant, services);
    states.set(key, state);
    state.catch(() => states.delete(key));
    return c.json({ ...(await state), redirect_url: grant.redirectUrl ?? null });
  });

  app.post("/pair/:token/code", async (c) => {
    const grant = await requireGrant(c, services);
    const body = codeSchema.safeParse(await c.req.json().catch(() => undefined));
    const phone = body.success ? parsePhone(body.data.phone) : undefined;
    if (phone === undefined) {
      throw new ApiError(
        "invalid_request",
        "Send a complete phone number with its country code, like 393331234567.",
      );
    }
    const token = c.req.param("token");
    const used = codes.get(token) ?? 0;
    if (used >= codesPerLink) {
      throw new ApiError("rate_limited", "Too many codes were requested. Ask for a new link.");
    }
    codes.set(token, used + 1);
    const result = await services.connectors.sendCommand({
      session: grant,
      commandFor: (uid) => ({ type: "pairing_code", session_uid: uid, phone }),
      timeoutMs: codeTimeoutMs,
      idempotent: true,
      check: rejectConnected,
    });
    if (result.type !== "pairing_code") {
      throw new Error(`The connector responded to pairing_code with ${result.type}`);
    }
    return c.json({ code: result.code, expires_at: result.expires_at });
  });
}

async function requireGrant(c: Context<AppEnv>, { pairingLinks }: Services): Promise<PairingGrant> {
  const grant = await pairingLinks.read(c.req.param("token") ?? "");
  if (grant === undefined) {
    throw new ApiError("not_found", "This link has expired. Ask for a new one.");
  }
  return grant;
}

/** What the page shows. An opened page keeps the session trying to connect. */
async function readState(grant: PairingGrant, services: Services): Promise<object> {
  const [tenant, session] = await Promise.all([
    readTenant(grant, services),
    locateSession(services.database, grant),
  ]);
  if (session.desired === "disconnected" && session.state !== "connected") {
    await setDesired(services.database, { ...grant, desired: "connected" });
  }
  const { state, qr, qr_expires_at: expiresAt, last_disconnect: last } = session;
  const isShown =
    state !== "connected" &&
    qr !== null &&
    (expiresAt === null || Date.parse(expiresAt) > services.now());
  return {
    tenant_name: tenant.name,
    state,
    image: isShown ? qrDataUrl(qr) : null,
    problem: state === "connected" ? null : (last?.reason ?? null),
  };
}

async function readTenant(
  { tenantId }: PairingGrant,
  { database }: Services,
): Promise<{ name: string; cors_origins: string[] }> {
  const row = await unwrapFirst(
    database.from("tenants").select("name,cors_origins").eq("tenant_id", tenantId).limit(1),
  );
  if (row === undefined)
    throw new ApiError("not_found", "This link has expired. Ask for a new one.");
  return { name: row.name, cors_origins: row.cors_origins ?? [] };
}
