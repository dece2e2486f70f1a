import type { PostedEvent, PostOutcome } from "./post.ts";
import type { WebhookEndpoint } from "./webhook-endpoint.ts";

/** The objects that deliver to endpoints, by the endpoint's id. */
export class WebhookEndpoints {
  readonly #namespace: DurableObjectNamespace<WebhookEndpoint>;

  constructor(namespace: DurableObjectNamespace<WebhookEndpoint>) {
    this.#namespace = namespace;
  }

  /** Has the endpoint's deliveries read anew. */
  async reload(endpointId: string): Promise<void> {
    await this.#namespace.getByName(endpointId).reload();
  }

  /** Posts a test event; undefined when a test of the endpoint is under way already. */
  async test(
    endpointId: string,
    request: { url: string; secrets: readonly string[]; event: PostedEvent },
  ): Promise<PostOutcome | undefined> {
    return await this.#namespace.getByName(endpointId).test(request);
  }
}
