/** The bindings of wrangler.toml that are not text; the text ones are parsed by config.ts. */
declare namespace Cloudflare {
  interface Env {
    EVENT_HUB: DurableObjectNamespace<import("./event/event-hub.ts").EventHub>;
    WEBHOOK_DISPATCHER: DurableObjectNamespace<
      import("./webhook/webhook-dispatcher.ts").WebhookDispatcher
    >;
  }
}
