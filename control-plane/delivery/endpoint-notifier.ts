import type { WebhookEndpoint } from "./webhook-endpoint.ts";

/**
 * Tells endpoint objects how far the event log goes. While a call to an object is under way, the
 * next ones to it become one, so that a burst of events costs few calls.
 */
export class EndpointNotifier {
  readonly #namespace: DurableObjectNamespace<WebhookEndpoint>;
  readonly #onFailure: (error: unknown) => void;
  /** The seq to pass next, for each endpoint with a call under way. */
  readonly #pending = new Map<string, number>();

  constructor(
    namespace: DurableObjectNamespace<WebhookEndpoint>,
    onFailure: (error: unknown) => void,
  ) {
    this.#namespace = namespace;
    this.#onFailure = onFailure;
  }

  notify(endpointId: string, seq: number): void {
    const pending = this.#pending.get(endpointId);
    this.#pending.set(endpointId, Math.max(pending ?? 0, seq));
    if (pending === undefined) void this.#send(endpointId);
  }

  reload(endpointId: string): void {
    this.#namespace.getByName(endpointId).reload().catch(this.#onFailure);
  }

  /** A failed call is left to the next event or the next sweep. */
  async #send(endpointId: string): Promise<void> {
    let sent = -1;
    try {
      const endpoint = this.#namespace.getByName(endpointId);
      for (;;) {
        const seq = this.#pending.get(endpointId) ?? 0;
        if (seq <= sent) break;
        sent = seq;
        await endpoint.notify(seq);
      }
    } catch (error) {
      this.#onFailure(error);
    } finally {
      this.#pending.delete(endpointId);
    }
  }
}
