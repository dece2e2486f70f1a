import type { EventHub } from "./event/event-hub.ts";
import type { WebhookEndpoint } from "./delivery/webhook-endpoint.ts";

declare global {
  namespace Cloudflare {
    /** The bindings of wrangler.toml other than variables, which config.ts parses. */
    interface Env {
      EVENT_HUB: DurableObjectNamespace<EventHub>;
      WEBHOOK_ENDPOINT: DurableObjectNamespace<WebhookEndpoint>;
    }
  }
}
