/** Counts the deliveries in flight, in total and per endpoint. */
export class InFlight {
  readonly #max: number;
  readonly #byEndpoint = new Map<string, number>();
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get free(): number {
    return this.#max - this.#count;
  }

  /** Each endpoint id, repeated once per delivery in flight. */
  get busyEndpoints(): string[] {
    return [...this.#byEndpoint].flatMap(([endpointId, count]) =>
      Array.from({ length: count }, () => endpointId),
    );
  }

  start(endpointId: string): void {
    this.#count += 1;
    this.#byEndpoint.set(endpointId, (this.#byEndpoint.get(endpointId) ?? 0) + 1);
  }

  end(endpointId: string): void {
    this.#count -= 1;
    const left = (this.#byEndpoint.get(endpointId) ?? 0) - 1;
    if (left > 0) this.#byEndpoint.set(endpointId, left);
    else this.#byEndpoint.delete(endpointId);
  }
}
