/** What the notifier calls: a stub of the object that delivers to an endpoint. */
interface Endpoint {
  /** Resolves to how many milliseconds no further notification is needed for. */
  notify(seq: number): Promise<number>;
  reload(): Promise<void>;
}

/**
 * Tells endpoint objects how far the event log goes. While a call to an object is under way, the
 * next ones to it become one, and one that is paused is left alone: a burst of events, or a
 * hundred endpoints that hang, cost few calls.
 */
export class EndpointNotifier {
  readonly #endpointOf: (endpointId: string) => Endpoint;
  readonly #now: () => number;
  readonly #onFailure: (error: unknown) => void;
  /** The seq to pass next, for each endpoint with a call under way. */
  readonly #pending = new Map<string, number>();
  readonly #quietUntil = new Map<string, number>();

  constructor(deps: {
    endpointOf: (endpointId: string) => Endpoint;
    now: () => number;
    onFailure: (error: unknown) => void;
  }) {
    this.#endpointOf = deps.endpointOf;
    this.#now = deps.now;
    this.#onFailure = deps.onFailure;
  }

  notify(endpointId: string, seq: number): void {
    if ((this.#quietUntil.get(endpointId) ?? 0) > this.#now()) return;
    const pending = this.#pending.get(endpointId);
    this.#pending.set(endpointId, Math.max(pending ?? 0, seq));
    if (pending === undefined) void this.#send(endpointId);
  }

  reload(endpointId: string): void {
    this.#quietUntil.delete(endpointId);
    this.#endpointOf(endpointId).reload().catch(this.#onFailure);
  }

  /** Frees the memory of endpoints that are not paused any more. */
  forgetExpired(): void {
    const now = this.#now();
    for (const [id, until] of this.#quietUntil) if (until <= now) this.#quietUntil.delete(id);
  }

  /** A failed call is left to the next event or the next sweep. */
  async #send(endpointId: string): Promise<void> {
    try {
      const endpoint = this.#endpointOf(endpointId);
      for (let sent = -1; ;) {
        const seq = this.#pending.get(endpointId) ?? 0;
        if (seq <= sent) break;
        sent = seq;
        const quietMs = await endpoint.notify(seq);
        if (quietMs === 0) continue;
        this.#quietUntil.set(endpointId, this.#now() + quietMs);
        break;
      }
    } catch (error) {
      this.#onFailure(error);
    } finally {
      this.#pending.delete(endpointId);
    }
  }
}
