/** What the notifier calls: a stub of the object that delivers to an endpoint. */
interface Endpoint {
  /** Resolves to how many milliseconds a further notification would change nothing. */
  notify(seq: number): Promise<number>;
  reload(): Promise<void>;
}

/**
 * Tells endpoint objects how far the event log goes. Such a call costs more than what it says, so
 * notifications of one endpoint become one while a call is under way, and as long afterwards as
 * the endpoint could not act on them: it is paused, busy, or has read just now.
 */
export class EndpointNotifier {
  readonly #endpointOf: (endpointId: string) => Endpoint;
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  /** The highest seq to pass on, for each endpoint that was notified and may still be quiet. */
  readonly #latest = new Map<string, number>();

  constructor(deps: {
    endpointOf: (endpointId: string) => Endpoint;
    sleep: (ms: number) => Promise<void>;
    onFailure: (error: unknown) => void;
  }) {
    this.#endpointOf = deps.endpointOf;
    this.#sleep = deps.sleep;
    this.#onFailure = deps.onFailure;
  }

  notify(endpointId: string, seq: number): void {
    const latest = this.#latest.get(endpointId);
    this.#latest.set(endpointId, Math.max(latest ?? 0, seq));
    if (latest === undefined) void this.#send(endpointId);
  }

  reload(endpointId: string): void {
    this.#endpointOf(endpointId).reload().catch(this.#onFailure);
  }

  /** A failed call is left to the next event or the next sweep. */
  async #send(endpointId: string): Promise<void> {
    try {
      const endpoint = this.#endpointOf(endpointId);
      for (let sent = -1; ;) {
        const seq = this.#latest.get(endpointId) ?? 0;
        if (seq <= sent) break;
        sent = seq;
        const quietMs = await endpoint.notify(seq);
        if (quietMs > 0) await this.#sleep(quietMs);
      }
    } catch (error) {
      this.#onFailure(error);
    } finally {
      this.#latest.delete(endpointId);
    }
  }
}
