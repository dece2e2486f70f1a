import type { MiddlewareHandler } from "hono";
import { ApiError } from "../../shared/errors.ts";
import type { AppEnv } from "../http/app-env.ts";
import type { Services } from "../services.ts";
import { authenticate } from "./authenticate.ts";
import { presentedKey } from "./presented-key.ts";

/** Lets only requests with a tenant's key through, and tells the handlers whose it is. */
export function requireKey(services: Services): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const key = presentedKey(c.req.raw.headers, "x-api-key");
    if (key === undefined) {
      throw new ApiError("unauthorized", "Send your API key in the header X-Api-Key.");
    }
    const caller = await authenticate(key, services);
    if (caller === undefined) throw keyIsNotValid();
    c.set("caller", caller);
    await next();
  };
}

export function keyIsNotValid(): ApiError {
  return new ApiError(
    "unauthorized",
    "This API key does not exist, was revoked or has expired. Ask the operator for another one.",
  );
}
