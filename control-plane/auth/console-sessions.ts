import { EncryptJWT, jwtDecrypt } from "jose";
import { getCookie } from "hono/cookie";
import type { Context } from "hono";
import { z } from "zod";
import { deriveKey } from "./derive-key.ts";

const lifetimeSeconds = 3_600;
const csrfHeader = "x-csrf-token";
const readOnly = ["GET", "HEAD"];

const claimsSchema = z.object({
  role: z.enum(["tenant", "admin"]),
  key: z.string(),
  csrf: z.string(),
});

/** Who is signed in: the API key of a tenant, or the operator's admin key. */
export type SignedIn = Pick<z.infer<typeof claimsSchema>, "role" | "key">;

export interface ConsoleCookie {
  /** The value of the Set-Cookie header. */
  setCookie: string;
  /** What the page must send in X-CSRF-Token with every request that changes something. */
  csrfToken: string;
  expiresAt: string;
}

/**
 * The cookies by which the console is signed in. A cookie holds the key, encrypted, for an hour; no
 * script can read it, and no other site can make the browser send it (SameSite=Strict).
 */
export class ConsoleSessions {
  readonly #secret: Promise<Uint8Array>;
  readonly #now: () => number;

  constructor(deployment: { secret: string; now: () => number }) {
    this.#secret = deriveKey("console cookie", deployment.secret);
    this.#now = deployment.now;
  }

  async create(signedIn: SignedIn, request: { url: string }): Promise<ConsoleCookie> {
    const csrf = crypto.randomUUID();
    const expires = Math.floor(this.#now() / 1000) + lifetimeSeconds;
    const value = await new EncryptJWT({ ...signedIn, csrf })
      .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
      .setExpirationTime(expires)
      .encrypt(await this.#secret);
    return {
      setCookie: cookieHeader(request.url, value, lifetimeSeconds),
      csrfToken: csrf,
      expiresAt: new Date(expires * 1000).toISOString(),
    };
  }

  /**
   * Who sent the request; undefined without a valid cookie. A request that changes something also
   * needs the token that only the console's own page has.
   */
  async read(c: Context): Promise<SignedIn | undefined> {
    const cookie = getCookie(c, cookieName(c.req.url));
    if (cookie === undefined) return undefined;
    const claims = await this.#decrypt(cookie);
    if (claims === undefined) return undefined;
    const isForged = !readOnly.includes(c.req.method) && c.req.header(csrfHeader) !== claims.csrf;
    return isForged ? undefined : { role: claims.role, key: claims.key };
  }

  /** The Set-Cookie header that signs out. */
  clear(request: { url: string }): string {
    return cookieHeader(request.url, "", 0);
  }

  async #decrypt(cookie: string): Promise<z.infer<typeof claimsSchema> | undefined> {
    try {
      const currentDate = new Date(this.#now());
      const { payload } = await jwtDecrypt(cookie, await this.#secret, { currentDate });
      return claimsSchema.parse(payload);
    } catch {
      return undefined;
    }
  }
}

/** Browsers accept the prefix only over HTTPS, which local mode does not have. */
function cookieName(url: string): string {
  return url.startsWith("https:") ? "__Host-console" : "console";
}

function cookieHeader(url: string, value: string, maxAge: number): string {
  const secure = url.startsWith("https:") ? "; Secure" : "";
  return `${cookieName(url)}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure}`;
}
