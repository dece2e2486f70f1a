interface Scope {
  /** Only clients of this number; null: all. */
  phone: string | null;
  /** How often it still applies; null: until it is cleared. */
  remaining: number | null;
}

interface MessageScope extends Scope {
  /** Only messages to this number; null: all. */
  to: string | null;
}

/** A fault that waits for a client to send or fetch something. */
export type Fault =
  | ({ kind: "nack"; code: number } & MessageScope)
  | ({ kind: "lose-acks" } & MessageScope)
  | ({ kind: "delay-acks"; delayMs: number } & MessageScope)
  | ({ kind: "lose-receipts" } & Scope)
  | ({ kind: "refuse-login"; code: number } & Scope)
  | ({ kind: "refuse-upload"; code: number } & Scope)
  | ({ kind: "slow-upload"; bytesPerSecond: number } & Scope)
  | ({ kind: "expire-media"; code: number } & Scope)
  | ({ kind: "corrupt-media" } & Scope)
  | ({ kind: "slow-media"; bytesPerSecond: number } & Scope);

type FaultKind = Fault["kind"];
type FaultOf<K extends FaultKind> = Extract<Fault, { kind: K }>;

/** The faults that are waiting, oldest first. They are not stored. */
export class Faults {
  #pending: Fault[] = [];

  list(): readonly Fault[] {
    return this.#pending;
  }

  add(fault: Fault): void {
    this.#pending.push(fault);
  }

  clear(): void {
    this.#pending = [];
  }

  /** The fault for a message from `phone` to `to`, if there is one. It then counts as applied. */
  forMessage(phone: string, to: string | undefined) {
    return this.#take(["nack", "lose-acks", "delay-acks"], { phone, to });
  }

  /** The fault for a login of a client of `phone`, if there is one. It then counts as applied. */
  forLogin(phone: string) {
    return this.#take(["refuse-login"], { phone });
  }

  /** The fault for a message that a client of `phone` confirms. It then counts as applied. */
  forReceipt(phone: string) {
    return this.#take(["lose-receipts"], { phone });
  }

  /** The fault for a file that a client of `phone` uploads. It then counts as applied. */
  forUpload(phone: string) {
    return this.#take(["refuse-upload", "slow-upload"], { phone });
  }

  /** The fault for a download of a file that `phone` uploaded. It then counts as applied. */
  forDownload(phone: string) {
    return this.#take(["expire-media", "corrupt-media", "slow-media"], { phone });
  }

  #take<K extends FaultKind>(
    kinds: readonly K[],
    { phone, to }: { phone: string; to?: string | undefined },
  ): FaultOf<K> | undefined {
    const isOneOf = (fault: Fault): fault is FaultOf<K> =>
      kinds.some((kind) => kind === fault.kind);
    const applies = (fault: Fault) =>
      matches(fault.phone, phone) && (!("to" in fault) || matches(fault.to, to));
    const fault = this.#pending.filter(isOneOf).find(applies);
    if (fault) this.#count(fault);
    return fault;
  }

  #count(fault: Fault): void {
    if (fault.remaining === null) return;
    fault.remaining -= 1;
    if (fault.remaining === 0) this.#pending = this.#pending.filter((other) => other !== fault);
  }
}

function matches(wanted: string | null, actual: string | undefined): boolean {
  return wanted === null || wanted === actual;
}
