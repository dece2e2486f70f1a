import type { HubNotification } from "../../shared/database.ts";

export interface HubNotifierOptions {
  /** Sends these notifications; it may fail, because hubs also poll. */
  broadcast: (notifications: HubNotification[]) => Promise<void>;
  onError: (error: unknown) => void;
}

/** The least time between two notifications of a tenant. */
const intervalMs = 50;

/**
 * Tells the hubs about committed events: the first event of a tenant at once, those that follow
 * within 50 ms in one notification. One broadcast is in progress at a time.
 */
export class HubNotifier {
  readonly #options: HubNotifierOptions;
  readonly #pending = new Map<string, HubNotification>();
  readonly #lastSentAt = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #isSending = false;

  constructor(options: HubNotifierOptions) {
    this.#options = options;
  }

  notify(notifications: readonly HubNotification[]): void {
    for (const added of notifications) {
      const known = this.#pending.get(added.tenant_id);
      this.#pending.set(
        added.tenant_id,
        known === undefined || added.seq > known.seq ? added : known,
      );
    }
    this.#schedule();
  }

  /** Sends nothing more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#pending.clear();
  }

  #schedule(): void {
    if (this.#isSending || this.#pending.size === 0) return;
    const now = performance.now();
    const waits = Array.from(this.#pending.keys(), (tenantId) => this.#dueAt(tenantId) - now);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#send(), Math.max(0, Math.min(...waits)));
  }

  #dueAt(tenantId: string): number {
    return (this.#lastSentAt.get(tenantId) ?? Number.NEGATIVE_INFINITY) + intervalMs;
  }

  /** Never rejects. */
  async #send(): Promise<void> {
    const now = performance.now();
    for (const [tenantId, at] of this.#lastSentAt) {
      if (at + intervalMs <= now) this.#lastSentAt.delete(tenantId);
    }
    const due = [...this.#pending.values()].filter(
      ({ tenant_id }) => this.#dueAt(tenant_id) <= now,
    );
    for (const { tenant_id } of due) {
      this.#pending.delete(tenant_id);
      this.#lastSentAt.set(tenant_id, now);
    }
    if (due.length > 0) {
      this.#isSending = true;
      await this.#options.broadcast(due).catch(this.#options.onError);
      this.#isSending = false;
    }
    this.#schedule();
  }
}
