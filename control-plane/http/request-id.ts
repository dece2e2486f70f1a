import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./app-env.ts";

const saneId = /^[A-Za-z0-9._-]{1,128}$/;

/** Gives every request an id, the caller's own where it has a harmless form. */
export const requestId: MiddlewareHandler<AppEnv> = async (c, next) => {
  const given = c.req.header("x-request-id");
  const id = given !== undefined && saneId.test(given) ? given : crypto.randomUUID();
  c.set("requestId", id);
  await next();
  // A response that came from fetch has headers that cannot be changed.
  c.res = new Response(c.res.body, c.res);
  c.res.headers.set("x-request-id", id);
};
