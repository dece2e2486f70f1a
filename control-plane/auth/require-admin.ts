import type { MiddlewareHandler } from "hono";
import { ApiError } from "../../shared/errors.ts";
import type { AppEnv } from "../http/app-env.ts";
import { presentedKey } from "./presented-key.ts";

/** Lets only the operator through. */
export function requireAdmin(adminKey: string): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const key = presentedKey(c.req.raw.headers, "x-admin-key");
    if (key === undefined || !(await isEqual(key, adminKey))) {
      throw new ApiError("unauthorized", "Send the admin key in the header X-Admin-Key.");
    }
    await next();
  };
}

// Digests have one length, so that the comparison tells nothing about the key's.
async function isEqual(left: string, right: string): Promise<boolean> {
  const [a, b] = await Promise.all([left, right].map(digest));
  return a !== undefined && b !== undefined && crypto.subtle.timingSafeEqual(a, b);
}

async function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
