import { type CryptoKey, type JWTPayload, type KeyObject, jwtVerify, SignJWT } from "jose";
import { z } from "zod";

const lifetimeSeconds = 15;
/** How far the clocks of the control plane and of a connector may be apart. */
const clockToleranceSeconds = 15;
/** A token that expires later was not made by signCommandToken, or by a clock that is wrong. */
const maxAheadSeconds = lifetimeSeconds + clockToleranceSeconds;
const audience = "connector";

/** How long after its use a token must be remembered, so that it cannot be used again. */
export const rememberTokensMs = (maxAheadSeconds + clockToleranceSeconds) * 1000;

/** The session that a command is for, under the epoch of its owner. */
export interface CommandTarget {
  uid: string;
  epoch: number;
}

/** The request that a token is valid for. `path` starts with a slash and includes the query. */
export interface BoundRequest {
  method: string;
  path: string;
  body: string;
  /** Absent for a request that acts on no session. */
  session?: CommandTarget;
}

/** What a valid token says; its body is checked once it has arrived. */
export interface CommandToken {
  /** Unique: a connector accepts a token once. */
  id: string;
  session: CommandTarget | undefined;
  bodyHash: string;
}

const claimsSchema = z.object({
  jti: z.string().min(1).max(64),
  exp: z.number(),
  htm: z.string(),
  htu: z.string(),
  bh: z.string(),
  session: z.object({ uid: z.uuid(), epoch: z.number().int() }).optional(),
});

/**
 * An EdDSA token (RFC 8037) that allows exactly this request, once, within 15 seconds. A retry needs a
 * new one.
 */
export async function signCommandToken(
  privateKey: CryptoKey | KeyObject,
  { method, path, body, session }: BoundRequest,
): Promise<string> {
  const claims: JWTPayload = {
    htm: method,
    htu: path,
    bh: await hashOf(new TextEncoder().encode(body)),
    ...(session === undefined ? {} : { session: { uid: session.uid, epoch: session.epoch } }),
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "EdDSA" })
    .setAudience(audience)
    .setJti(crypto.randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${lifetimeSeconds}s`)
    .sign(privateKey);
}

/**
 * Resolves when the token was signed with the private key for this method and path, has not expired
 * and does not expire in more than 30 seconds. Needs no body: a request without a valid token can be
 * refused before its body is read. Throws jose's error, or a plain Error that says what is wrong.
 */
export async function verifyCommandToken(
  publicKey: CryptoKey | KeyObject,
  token: string,
  { method, path }: Pick<BoundRequest, "method" | "path">,
): Promise<CommandToken> {
  const { payload } = await jwtVerify(token, publicKey, {
    algorithms: ["EdDSA"],
    audience,
    requiredClaims: ["exp", "iat", "jti"],
    clockTolerance: clockToleranceSeconds,
  });
  const claims = claimsSchema.parse(payload);
  if (claims.exp - Date.now() / 1000 > maxAheadSeconds) {
    throw new Error(`The command token expires in more than ${maxAheadSeconds} seconds`);
  }
  if (claims.htm !== method || claims.htu !== path) {
    throw new Error("The command token was issued for another request");
  }
  return { id: claims.jti, session: claims.session, bodyHash: claims.bh };
}

/** Whether the token was issued for a request with this body. */
export async function isIssuedFor(token: CommandToken, body: Uint8Array): Promise<boolean> {
  return token.bodyHash === (await hashOf(body));
}

async function hashOf(body: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", body);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
