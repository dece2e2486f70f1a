interface Waiting {
  tenantId: string;
  start: () => void;
}

/**
 * Limits how many files are transferred at once, on the whole connector and for each tenant, so that
 * the files of one tenant neither delay those of the others nor fill the memory and the disk.
 */
export class TransferSlots {
  readonly #limits: { total: number; perTenant: number };
  readonly #running = new Map<string, number>();
  #total = 0;
  #waiting: Waiting[] = [];

  constructor(limits: { total: number; perTenant: number }) {
    this.#limits = limits;
  }

  /** Runs `work` when there is a slot; rejects with the reason of `signal` if it is aborted before. */
  async run<Result>(
    tenantId: string,
    signal: AbortSignal,
    work: () => Promise<Result>,
  ): Promise<Result> {
    await this.#acquire(tenantId, signal);
    try {
      return await work();
    } finally {
      this.#release(tenantId);
    }
  }

  #acquire(tenantId: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(asError(signal.reason));
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        reject(asError(signal.reason));
      };
      const waiting: Waiting = {
        tenantId,
        start: () => {
          signal.removeEventListener("abort", abort);
          resolve();
        },
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.push(waiting);
      this.#startNext();
    });
  }

  #release(tenantId: string): void {
    this.#total -= 1;
    const running = (this.#running.get(tenantId) ?? 1) - 1;
    if (running === 0) this.#running.delete(tenantId);
    else this.#running.set(tenantId, running);
    this.#startNext();
  }

  #startNext(): void {
    const { total, perTenant } = this.#limits;
    while (this.#total < total) {
      const next = this.#waiting.find(
        ({ tenantId }) => (this.#running.get(tenantId) ?? 0) < perTenant,
      );
      if (next === undefined) return;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      this.#total += 1;
      this.#running.set(next.tenantId, (this.#running.get(next.tenantId) ?? 0) + 1);
      next.start();
    }
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
