import type { MiddlewareHandler } from "hono";
import { ApiError } from "../../shared/errors.ts";
import type { AppEnv } from "../http/app-env.ts";
import { problemResponse } from "../http/problem.ts";
import type { Taken } from "./rate-window.ts";
import type { TenantLimiters } from "./tenant-limiters.ts";

/** Counts each request against the limit of its tenant, and shows in every answer what is left. */
export function limitRequests({
  limiters,
}: {
  limiters: TenantLimiters;
}): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { tenantId, rateLimitPerMinute } = c.get("caller");
    const taken = await limiters.take({ tenantId, limit: rateLimitPerMinute });
    if (taken === undefined) return next();
    if (!taken.isAllowed) {
      return withHeaders(problemResponse(limitError(taken), c.get("requestId")), taken);
    }
    await next();
    c.res = withHeaders(c.res, taken);
  };
}

function limitError({ limit, resetSeconds }: Taken): ApiError {
  return new ApiError(
    "rate_limited",
    `The limit of ${limit} requests per minute is used up. Try again in ${resetSeconds} s, or ask the operator for a higher rate_limit_per_minute.`,
    { retryAfterSeconds: resetSeconds },
  );
}

function withHeaders(response: Response, taken: Taken): Response {
  // The headers of a response from a Durable Object are immutable.
  const copy = new Response(response.body, response);
  copy.headers.set("ratelimit-limit", String(taken.limit));
  copy.headers.set("ratelimit-remaining", String(taken.remaining));
  copy.headers.set("ratelimit-reset", String(taken.resetSeconds));
  return copy;
}
