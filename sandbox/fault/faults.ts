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

/** A fault that waits for a client to send something. */
export type Fault =
  | ({ kind: "nack"; code: number } & MessageScope)
  | ({ kind: "lose-acks" } & MessageScope)
  | ({ kind: "delay-acks"; delayMs: number } & MessageScope)
  | ({ kind: "refuse-login"; code: number } & Scope);

type MessageFault = Extract<Fault, MessageScope>;

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
  forMessage(phone: string, to: string | undefined): MessageFault | undefined {
    const fault = this.#pending.find(
      (candidate): candidate is MessageFault =>
        candidate.kind !== "refuse-login" &&
        matches(candidate.phone, phone) &&
        matches(candidate.to, to),
    );
    if (fault) this.#count(fault);
    return fault;
  }

  /** The fault for a login of a client of `phone`, if there is one. It then counts as applied. */
  forLogin(phone: string): Extract<Fault, { kind: "refuse-login" }> | undefined {
    const fault = this.#pending.find(
      (candidate) => candidate.kind === "refuse-login" && matches(candidate.phone, phone),
    );
    if (fault?.kind !== "refuse-login") return undefined;
    this.#count(fault);
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
