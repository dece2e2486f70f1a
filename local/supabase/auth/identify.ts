import type { Caller } from "../database/database.ts";
import { header, type Exchange } from "../http/exchange.ts";
import { HttpError } from "../http/http-error.ts";
import type { TokenProblem, TokenVerifier } from "./verify-token.ts";

/**
 * Identifies the caller: `apikey` grants access to the project, and the bearer token, if there is
 * one, gives the role and the claims.
 * @param options.bearerIsEnough whether a bearer token needs no `apikey` beside it, as in Storage
 * @throws HttpError 401, in the words of the hosted gateway and PostgREST.
 */
export async function identify(
  exchange: Exchange,
  verify: TokenVerifier,
  options: { bearerIsEnough?: boolean } = {},
): Promise<Caller> {
  const bearer = /^Bearer\s+(.+)$/i.exec(header(exchange, "authorization") ?? "")?.[1];
  const given = header(exchange, "apikey") ?? exchange.query.get("apikey") ?? undefined;
  const apiKey = given ?? (options.bearerIsEnough ? bearer : undefined);
  if (!apiKey) {
    throw new HttpError(401, {
      message: "No API key found in request",
      hint: "No `apikey` request header or url param was found.",
    });
  }
  if (bearer !== undefined && bearer !== apiKey) {
    const key = await verify(apiKey);
    if (!key.ok) throw invalidApiKey();
  }
  const verification = await verify(bearer ?? apiKey);
  if (verification.ok) return verification.token;
  throw bearer === undefined ? invalidApiKey() : tokenError(verification.problem);
}

function invalidApiKey(): HttpError {
  return new HttpError(401, {
    message: "Invalid API key",
    hint: "Double check your Supabase `anon` or `service_role` API key.",
  });
}

function tokenError(problem: TokenProblem): HttpError {
  switch (problem) {
    case "expired":
      return jwtError("PGRST303", "JWT expired", null);
    case "signature":
      return jwtError("PGRST301", "No suitable key or wrong key type", null);
    case "malformed":
      return jwtError("PGRST301", "Invalid JWT", "The token is not a JWT signed with HS256");
    default:
      return problem satisfies never;
  }
}

function jwtError(code: string, message: string, details: string | null): HttpError {
  return new HttpError(401, { code, message, details, hint: null });
}
