import type { MiddlewareHandler } from "hono";
import { ApiError } from "../../shared/errors.ts";
import type { AppEnv } from "./app-env.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Rejects bytes that decoding would silently replace with U+FFFD. */
export const rejectInvalidUtf8: MiddlewareHandler<AppEnv> = async (c, next) => {
  const body = await c.req.arrayBuffer();
  try {
    decoder.decode(body);
  } catch (cause) {
    throw new ApiError("invalid_json", "The body is not valid UTF-8. Send JSON encoded as UTF-8.", {
      cause,
    });
  }
  await next();
};
