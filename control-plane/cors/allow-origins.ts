import type { Context, MiddlewareHandler } from "hono";
import { ApiError } from "../../shared/errors.ts";
import { clientAddress } from "../auth/client-address.ts";
import type { AppEnv, Caller } from "../http/app-env.ts";
import type { AllowedOrigins, Asker } from "./allowed-origins.ts";

const allowedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE";
const allowedHeaders =
  "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Range, X-Api-Key, X-Request-Id";
const exposedHeaders =
  "Content-Disposition, Content-Range, ETag, Idempotent-Replayed, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-Id";
/** How long a browser may reuse the answer to a preflight. */
const maxAgeSeconds = 600;

/**
 * Lets web pages of other origins call the API (CORS). A preflight carries no key, so it is answered
 * for an origin that any tenant allows; the answer to the request itself can be read only from the
 * origins of its own tenant.
 */
export function allowOrigins({ origins }: { origins: AllowedOrigins }): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const origin = c.req.header("origin");
    if (origin === undefined) {
      await next();
      c.res = withHeaders(c.res, {});
      return undefined;
    }
    const asker = { origin, address: clientAddress(c.req.raw.headers) };
    if (c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined) {
      return answerPreflight(asker, origins);
    }
    await next();
    const headers = (await mayRead(c, asker, origins))
      ? { "access-control-allow-origin": origin, "access-control-expose-headers": exposedHeaders }
      : {};
    c.res = withHeaders(c.res, headers);
    return undefined;
  };
}

async function answerPreflight(asker: Asker, origins: AllowedOrigins): Promise<Response> {
  if (!(await origins.allows(asker))) {
    throw new ApiError(
      "origin_not_allowed",
      "No tenant allows the origin of this page. Ask the operator to add it to cors_origins of your tenant.",
    );
  }
  return withHeaders(new Response(null, { status: 204 }), {
    "access-control-allow-origin": asker.origin,
    "access-control-allow-methods": allowedMethods,
    "access-control-allow-headers": allowedHeaders,
    "access-control-max-age": String(maxAgeSeconds),
  });
}

async function mayRead(
  c: Context<AppEnv>,
  asker: Asker,
  origins: AllowedOrigins,
): Promise<boolean> {
  const caller: Caller | undefined = c.get("caller");
  if (caller !== undefined) return caller.corsOrigins.includes(asker.origin);
  // Without a caller there is only an error to read, or the file of a link.
  try {
    return await origins.allows(asker, c.get("linkTenantId"));
  } catch {
    // The database is away. The answer itself says so, or it is a file that is served without it.
    return false;
  }
}

function withHeaders(response: Response, headers: Record<string, string>): Response {
  // The headers of a response from a Durable Object are immutable.
  const copy = new Response(response.body, response);
  copy.headers.append("vary", "Origin");
  for (const [name, value] of Object.entries(headers)) copy.headers.set(name, value);
  return copy;
}
