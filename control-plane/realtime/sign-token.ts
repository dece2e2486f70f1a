import { SignJWT } from "jose";

/**
 * Signs a JWT that Supabase accepts as role `authenticated`. Row-level security reads `tenant_id`, and
 * `key_id` to refuse the token once its API key is revoked.
 */
export function signToken(
  claims: { tenantId: string; keyId: string; issuedAtMs: number; expiresAtMs: number },
  jwtSecret: string,
): Promise<string> {
  return new SignJWT({
    role: "authenticated",
    tenant_id: claims.tenantId,
    key_id: claims.keyId,
  })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setAudience("authenticated")
    .setIssuedAt(Math.floor(claims.issuedAtMs / 1_000))
    .setExpirationTime(Math.floor(claims.expiresAtMs / 1_000))
    .sign(new TextEncoder().encode(jwtSecret));
}
