import { errors, jwtVerify } from "jose";

export type Token = {
  readonly role: string;
  /** The claims as JSON text, as SQL reads them. */
  readonly claims: string;
  /** Seconds since 1970; undefined for a token that never expires. */
  readonly expiresAt: number | undefined;
};

export type TokenProblem = "malformed" | "signature" | "expired";

export type Verification =
  | { readonly ok: true; readonly token: Token }
  | { readonly ok: false; readonly problem: TokenProblem; readonly expiredAt?: number };

export type TokenVerifier = (jwt: string) => Promise<Verification> | Verification;

const maxCachedTokens = 10_000;

/** Verifies HS256 tokens. Caches valid tokens, so that later only their expiry is checked. */
export function createTokenVerifier(jwtSecret: string): TokenVerifier {
  const secret = new TextEncoder().encode(jwtSecret);
  const cache = new Map<string, Token>();
  return (jwt) => {
    const known = cache.get(jwt);
    if (known) {
      if (known.expiresAt === undefined || known.expiresAt * 1000 > Date.now()) {
        return { ok: true, token: known };
      }
      cache.delete(jwt);
      return { ok: false, problem: "expired", expiredAt: known.expiresAt };
    }
    return verify(jwt, secret).then((verification) => {
      if (verification.ok) {
        if (cache.size >= maxCachedTokens) cache.delete(cache.keys().next().value ?? "");
        cache.set(jwt, verification.token);
      }
      return verification;
    });
  };
}

async function verify(jwt: string, secret: Uint8Array): Promise<Verification> {
  try {
    const { payload } = await jwtVerify(jwt, secret, { algorithms: ["HS256"] });
    const role = typeof payload["role"] === "string" ? payload["role"] : "anon";
    return {
      ok: true,
      token: { role, claims: JSON.stringify(payload), expiresAt: payload.exp },
    };
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      const expiredAt = error.payload.exp;
      return { ok: false, problem: "expired", ...(expiredAt === undefined ? {} : { expiredAt }) };
    }
    if (error instanceof errors.JWSSignatureVerificationFailed) {
      return { ok: false, problem: "signature" };
    }
    return { ok: false, problem: "malformed" };
  }
}
