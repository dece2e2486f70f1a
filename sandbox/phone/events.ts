import type { PhoneMessage } from "../store/messages.ts";

/** An event on a phone, as the phones API streams it. */
export type PhoneEvent =
  | { type: "message"; message: PhoneMessage }
  | { type: "status"; id: string; status: "delivered" | "read" };

export class PhoneEvents {
  readonly #listeners = new Set<(event: PhoneEvent) => void>();

  emit(event: PhoneEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Returns a function that removes the listener. */
  subscribe(listener: (event: PhoneEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
