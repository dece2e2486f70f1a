import { type CryptoKey, type KeyObject, jwtVerify, SignJWT } from "jose";

/** Long enough for clocks that differ a little, too short for a leaked token to be useful. */
const lifetimeSeconds = 30;
const clockToleranceSeconds = 15;
const audience = "connector";

/** The request that a token is valid for. `path` starts with a slash and has no query. */
export interface BoundRequest {
  method: string;
  path: string;
  body: string;
}

/** An EdDSA token (RFC 8037) that allows exactly this request for 30 seconds. */
export async function signCommandToken(
  privateKey: CryptoKey | KeyObject,
  request: BoundRequest,
): Promise<string> {
  return new SignJWT(await bindings(request))
    .setProtectedHeader({ alg: "EdDSA" })
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(`${lifetimeSeconds}s`)
    .sign(privateKey);
}

/**
 * Resolves when the token was signed with the private key for exactly this request and has not
 * expired. Throws jose's error, or a plain Error when the token was issued for another request.
 */
export async function verifyCommandToken(
  publicKey: CryptoKey | KeyObject,
  token: string,
  request: BoundRequest,
): Promise<void> {
  const { payload } = await jwtVerify(token, publicKey, {
    algorithms: ["EdDSA"],
    audience,
    requiredClaims: ["exp", "iat"],
    clockTolerance: clockToleranceSeconds,
  });
  const expected = await bindings(request);
  if (
    payload["htm"] !== expected.htm ||
    payload["htu"] !== expected.htu ||
    payload["bh"] !== expected.bh
  ) {
    throw new Error("The command token was issued for another request");
  }
}

async function bindings(request: BoundRequest) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(request.body));
  const bh = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
  return { htm: request.method, htu: request.path, bh };
}
