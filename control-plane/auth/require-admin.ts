import type { MiddlewareHandler } from "hono";
import { ApiError } from "../../shared/errors.ts";
import type { AppEnv } from "../http/app-env.ts";
import { readKey } from "./read-key.ts";

/** Requires the admin key. */
export function requireAdmin(adminKey: string): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const key = readKey(c.req.raw.headers, "x-admin-key");
    if (key === undefined || !(await isEqual(key, adminKey))) {
      throw new ApiError("unauthorized", "Send the admin key in the X-Admin-Key header.");
    }
    await next();
  };
}

// Digests have equal length, so the comparison reveals nothing about the key's length.
async function isEqual(left: string, right: string): Promise<boolean> {
  const [a, b] = await Promise.all([left, right].map(digest));
  return a !== undefined && b !== undefined && crypto.subtle.timingSafeEqual(a, b);
}

async function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
