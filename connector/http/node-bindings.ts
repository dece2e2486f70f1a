import type { IncomingMessage } from "node:http";

/** What Hono's Node server passes to a handler: the request of node:http. */
export interface NodeBindings {
  Bindings: { incoming: IncomingMessage };
}
