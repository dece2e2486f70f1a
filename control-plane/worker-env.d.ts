import type { EventHub } from "./event/event-hub.ts";
import type { TenantLimiter } from "./limit/tenant-limiter.ts";
import type { WebhookEndpoint } from "./delivery/webhook-endpoint.ts";

declare global {
  namespace Cloudflare {
    /** The bindings of wrangler.toml other than variables, which config.ts parses. */
    interface Env {
      ASSETS?: Fetcher;
      EVENT_HUB: DurableObjectNamespace<EventHub>;
      TENANT_LIMITER: DurableObjectNamespace<TenantLimiter>;
      WEBHOOK_ENDPOINT: DurableObjectNamespace<WebhookEndpoint>;
    }
  }
}
