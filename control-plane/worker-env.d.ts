import type { EventHub } from "./event/event-hub.ts";
import type { WebhookDispatcher } from "./webhook/webhook-dispatcher.ts";

declare global {
  namespace Cloudflare {
    /** The bindings of wrangler.toml that are not text; the text ones are parsed by config.ts. */
    interface Env {
      EVENT_HUB: DurableObjectNamespace<EventHub>;
      WEBHOOK_DISPATCHER: DurableObjectNamespace<WebhookDispatcher>;
    }
  }
}
