export interface StreamLimits {
  perKey: number;
  perTenant: number;
  /** Of all tenants of a hub: what its memory allows. */
  total: number;
}

interface Opener {
  tenantId: string;
  keyId: string;
}

/** Counts open streams, so that one key or tenant cannot take all that a hub can serve. */
export class StreamSlots {
  readonly #limits: StreamLimits;
  readonly #byKey = new Map<string, number>();
  readonly #byTenant = new Map<string, number>();
  #total = 0;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  /** Takes a slot and returns undefined, or returns why there is none. */
  take({ tenantId, keyId }: Opener): string | undefined {
    const { perKey, perTenant, total } = this.#limits;
    if ((this.#byKey.get(keyId) ?? 0) >= perKey) {
      return `This API key has ${perKey} open streams, which is the limit. Close one, or let several clients share one stream.`;
    }
    if ((this.#byTenant.get(tenantId) ?? 0) >= perTenant) {
      return `This tenant has ${perTenant} open streams, which is the limit. Close one, or let several clients share one stream.`;
    }
    if (this.#total >= total) {
      return "The service has no room for another stream at the moment. Try again later.";
    }
    add(this.#byKey, keyId, 1);
    add(this.#byTenant, tenantId, 1);
    this.#total += 1;
    return undefined;
  }

  release({ tenantId, keyId }: Opener): void {
    add(this.#byKey, keyId, -1);
    add(this.#byTenant, tenantId, -1);
    this.#total -= 1;
  }
}

function add(counts: Map<string, number>, name: string, change: number): void {
  const count = (counts.get(name) ?? 0) + change;
  if (count > 0) counts.set(name, count);
  else counts.delete(name);
}
