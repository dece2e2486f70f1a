import { DurableObject } from "cloudflare:workers";

export class WebhookDispatcher extends DurableObject<Cloudflare.Env> {
  async wake(): Promise<void> {}
}
