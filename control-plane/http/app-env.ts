import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Scope } from "../../shared/scope.ts";
import type { Network } from "../../shared/session.ts";

/** The tenant that sent a request, and the network its key works on. */
export interface Caller {
  keyId: string;
  tenantId: string;
  network: Network;
  scopes: readonly Scope[];
  /** The only sessions that the key may use; null: all of the tenant. */
  sessionIds: readonly string[] | null;
  /** Whether the operator has suspended the tenant. */
  isSuspended: boolean;
  rateLimitPerMinute: number;
  /** Origins of web pages that may read the answers to this tenant's keys. */
  corsOrigins: string[];
}

export interface AppEnv {
  Variables: {
    requestId: string;
    /** Set on routes that require a tenant's key. */
    caller: Caller;
    /** Set where a valid link, instead of a key, names the tenant. */
    linkTenantId: string;
  };
}

export type App = OpenAPIHono<AppEnv>;
