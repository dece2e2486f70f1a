import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { deriveKey } from "./derive-key.ts";

const algorithm = "HS256";

const claimsSchema = z.object({
  tenant: z.string(),
  session: z.string(),
  redirect: z.string().optional(),
  exp: z.number(),
});

/** What a link allows whoever opens it: to pair this one session, until it expires. */
export interface PairingGrant {
  tenantId: string;
  sessionId: string;
  /** Where the page leads when the session is connected. */
  redirectUrl: string | undefined;
  expiresAt: Date;
}

/** Signs the links to the pairing page, and verifies them. No link is stored. */
export class PairingLinks {
  readonly #key: Promise<Uint8Array>;
  readonly #publicUrl: string | undefined;
  readonly #now: () => number;

  /** @param publicUrl where clients reach the control plane; unless given, where the request came */
  constructor(deployment: { secret: string; publicUrl: string | undefined; now: () => number }) {
    this.#key = deriveKey("pairing link", deployment.secret);
    this.#publicUrl = deployment.publicUrl?.replace(/\/$/, "");
    this.#now = deployment.now;
  }

  async create(
    grant: Omit<PairingGrant, "expiresAt"> & { lifetimeSeconds: number },
    request: { url: string },
  ): Promise<{ url: string; expiresAt: Date }> {
    const seconds = Math.floor(this.#now() / 1000) + grant.lifetimeSeconds;
    const { tenantId: tenant, sessionId: session, redirectUrl: redirect } = grant;
    const token = await new SignJWT({ tenant, session, ...(redirect && { redirect }) })
      .setProtectedHeader({ alg: algorithm })
      .setExpirationTime(seconds)
      .sign(await this.#key);
    const origin = this.#publicUrl ?? new URL(request.url).origin;
    return { url: `${origin}/pair/${token}`, expiresAt: new Date(seconds * 1000) };
  }

  /** Undefined for a link that was altered or has expired. */
  async read(token: string): Promise<PairingGrant | undefined> {
    try {
      const { payload } = await jwtVerify(token, await this.#key, {
        algorithms: [algorithm],
        currentDate: new Date(this.#now()),
      });
      const claims = claimsSchema.parse(payload);
      return {
        tenantId: claims.tenant,
        sessionId: claims.session,
        redirectUrl: claims.redirect,
        expiresAt: new Date(claims.exp * 1000),
      };
    } catch {
      return undefined;
    }
  }
}
