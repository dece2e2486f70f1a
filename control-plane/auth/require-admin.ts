import type { MiddlewareHandler } from "hono";
import { ApiError } from "../../shared/errors.ts";
import type { AppEnv } from "../http/app-env.ts";
import type { ConsoleSessions } from "./console-sessions.ts";
import { readKey } from "./read-key.ts";

/** Requires the admin key, in a header or in the console's cookie. */
export function requireAdmin(services: {
  adminKey: string;
  consoleSessions: ConsoleSessions;
}): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const own = readKey(c.req.raw.headers, "x-admin-key");
    const signedIn = own === undefined ? await services.consoleSessions.read(c) : undefined;
    const key = own ?? (signedIn?.role === "admin" ? signedIn.key : undefined);
    if (key === undefined || !(await isAdminKey(key, services.adminKey))) {
      throw new ApiError("unauthorized", "Send the admin key in the X-Admin-Key header.");
    }
    await next();
  };
}

// Digests have equal length, so the comparison reveals nothing about the key's length.
export async function isAdminKey(key: string, adminKey: string): Promise<boolean> {
  const [a, b] = await Promise.all([key, adminKey].map(digest));
  return a !== undefined && b !== undefined && crypto.subtle.timingSafeEqual(a, b);
}

async function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
