import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Network } from "../../shared/session.ts";

/** The tenant that sent a request, and the network its key works on. */
export interface Caller {
  keyId: string;
  tenantId: string;
  network: Network;
  rateLimitPerMinute: number;
}

export interface AppEnv {
  Variables: {
    requestId: string;
    /** Set on routes that require a tenant's key. */
    caller: Caller;
  };
}

export type App = OpenAPIHono<AppEnv>;
