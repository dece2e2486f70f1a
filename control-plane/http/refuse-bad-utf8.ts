import type { MiddlewareHandler } from "hono";
import { ApiError } from "../../shared/errors.ts";
import type { AppEnv } from "./app-env.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Refuses what would otherwise be read, and sent on, with other characters in its place. */
export const refuseBadUtf8: MiddlewareHandler<AppEnv> = async (c, next) => {
  const body = await c.req.arrayBuffer();
  try {
    decoder.decode(body);
  } catch (cause) {
    throw new ApiError("invalid_json", "Send the body as JSON in UTF-8.", { cause });
  }
  await next();
};
