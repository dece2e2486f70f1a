import type { Context, MiddlewareHandler } from "hono";
import { ApiError } from "../../shared/errors.ts";
import type { AppEnv } from "../http/app-env.ts";
import { authenticate, type KeyServices } from "./authenticate.ts";
import { clientAddress } from "./client-address.ts";
import { readKey } from "./read-key.ts";

/** Requires a tenant's API key, in a header or in the console's cookie, and sets `caller` for the handlers. */
export function requireKey(services: KeyServices): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const key = readKey(c.req.raw.headers, "x-api-key") ?? (await keyOfConsole(c, services));
    if (key === undefined) {
      throw new ApiError("unauthorized", "Send your API key in the X-Api-Key header.");
    }
    const caller = await authenticate({ key, address: clientAddress(c.req.raw.headers) }, services);
    if (caller === undefined) throw invalidKeyError();
    if (caller.isSuspended) throw suspendedError();
    c.set("caller", caller);
    await next();
  };
}

async function keyOfConsole(
  c: Context,
  { consoleSessions }: KeyServices,
): Promise<string | undefined> {
  const signedIn = await consoleSessions.read(c);
  return signedIn?.role === "tenant" ? signedIn.key : undefined;
}

function suspendedError(): ApiError {
  return new ApiError(
    "tenant_suspended",
    "The operator has suspended this tenant. Ask the operator to resume it.",
  );
}

export function invalidKeyError(): ApiError {
  return new ApiError(
    "unauthorized",
    "This API key does not exist, was revoked or has expired. Use another key, or ask the operator for one.",
  );
}
