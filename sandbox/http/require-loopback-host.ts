import type { MiddlewareHandler } from "hono";
import { isLoopbackHost } from "../../shared/loopback-host.ts";
import { SandboxError } from "../sandbox-error.ts";

/** The phones API needs no key, so a web page must not reach it under a name of its own. */
export const requireLoopbackHost: MiddlewareHandler = async (c, next) => {
  if (!isLoopbackHost(c.req.header("host"))) {
    throw new SandboxError(
      "host_not_allowed",
      "The Host header does not name this machine. Call the phones API at 127.0.0.1 or localhost, or start the sandbox with --host to serve other machines.",
    );
  }
  await next();
};
