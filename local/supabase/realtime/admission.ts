import type { Pool } from "pg";
import type { Token, TokenVerifier, Verification } from "../auth/verify-token.ts";
import { authorize, type Permissions } from "./authorize.ts";

export type Admission = { readonly token: Token; readonly permissions: Permissions };

/** Why a client may not join, worded as the hosted server words it. */
export class Refusal extends Error {}

/** Checks a token, and for a private topic the policies. @throws Refusal */
export async function admit(input: {
  jwt: string;
  topic: string;
  isPrivate: boolean;
  verify: TokenVerifier;
  owner: Pool;
}): Promise<Admission> {
  const verification = await input.verify(input.jwt);
  if (!verification.ok) throw new Refusal(problemText(verification));
  const { token } = verification;
  if (token.expiresAt === undefined) {
    throw new Refusal("InvalidJWTToken: Fields `role` and `exp` are required in JWT");
  }
  if (!input.isPrivate) return { token, permissions: { read: true, write: true } };
  const permissions = await authorize(input.owner, token, input.topic);
  if (!permissions.read) {
    throw new Refusal(
      `Unauthorized: You do not have permissions to read from this Channel topic: ${input.topic}`,
    );
  }
  return { token, permissions };
}

function problemText(verification: Extract<Verification, { ok: false }>): string {
  switch (verification.problem) {
    case "expired":
      return `InvalidJWTToken: ${expiredText(verification.expiredAt)}`;
    case "signature":
      return "JwtSignatureError: Failed to validate JWT signature";
    case "malformed":
      return "MalformedJWT: The token provided is not a valid JWT";
    default:
      return verification.problem satisfies never;
  }
}

export function expiredText(expiredAt: number | undefined): string {
  const seconds = Math.max(0, Math.round(Date.now() / 1000 - (expiredAt ?? 0)));
  return `Token has expired ${seconds} seconds ago`;
}
