import type { Pool } from "pg";
import type { Token, TokenVerifier, Verification } from "../auth/verify-token.ts";
import { checkPolicies, type Permissions } from "./check-policies.ts";

export type Authorization = { readonly token: Token; readonly permissions: Permissions };

/** Why a client may not join, in the words of the hosted server. */
export class JoinDenied extends Error {}

/** Checks the token and, for a private topic, the policies. @throws JoinDenied */
export async function authorizeChannel(input: {
  jwt: string;
  topic: string;
  isPrivate: boolean;
  verify: TokenVerifier;
  owner: Pool;
}): Promise<Authorization> {
  const verification = await input.verify(input.jwt);
  if (!verification.ok) throw new JoinDenied(problemText(verification));
  const { token } = verification;
  if (token.expiresAt === undefined) {
    throw new JoinDenied("InvalidJWTToken: Fields `role` and `exp` are required in JWT");
  }
  if (!input.isPrivate) return { token, permissions: { read: true, write: true } };
  const permissions = await checkPolicies(input.owner, token, input.topic);
  if (!permissions.read) {
    throw new JoinDenied(
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
