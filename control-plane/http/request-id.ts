import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./app-env.ts";

const validId = /^[A-Za-z0-9._-]{1,128}$/;

/** Sets the request id: the client's X-Request-Id when it is well-formed, otherwise a new UUID. */
export const requestId: MiddlewareHandler<AppEnv> = async (c, next) => {
  const given = c.req.header("x-request-id");
  const id = given !== undefined && validId.test(given) ? given : crypto.randomUUID();
  c.set("requestId", id);
  await next();
  // The headers of a response from fetch are immutable.
  c.res = new Response(c.res.body, c.res);
  c.res.headers.set("x-request-id", id);
};
