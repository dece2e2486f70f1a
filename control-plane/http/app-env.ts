import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Caller } from "../auth/caller.ts";

export interface AppEnv {
  Variables: {
    requestId: string;
    /** Set where a tenant's key is required. */
    caller: Caller;
  };
}

export type App = OpenAPIHono<AppEnv>;
