import { setTimeout as sleep } from "node:timers/promises";
import type { Timing } from "../timing.ts";
import type { Database } from "../database/database.ts";
import type { Log } from "../log/log.ts";
import { backoffMs } from "../wait/backoff.ts";

const retryLimits = { baseMs: 200, capMs: 5000 };

export interface Registration {
  url: string;
  instance: string | null;
  networks: ("live" | "sandbox")[];
  capacity: number;
}

export interface LeaseOptions {
  database: Database;
  connectorId: string;
  registration: Registration;
  timing: Timing;
  log: Log;
  random: () => number;
  signal: AbortSignal;
  /** Called at each attempt to register. */
  onAttempt: () => void;
}

/**
 * The row that gives a connector the right to own sessions. `lost` is aborted shortly before the
 * lease expires: by then every socket must be closed, because another connector may claim the
 * sessions.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #lost = new AbortController();
  #expiry: NodeJS.Timeout | undefined;

  private constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Registers, retrying until the database answers; throws when `signal` is aborted. */
  static async acquire(options: LeaseOptions): Promise<Lease> {
    const { database, connectorId, registration, timing, log, random, signal } = options;
    const lease = new Lease(options);
    for (let attempt = 0; ; attempt += 1) {
      signal.throwIfAborted();
      options.onAttempt();
      const requestedAt = performance.now();
      try {
        await database.call(
          "register_connector",
          {
            connector_id: connectorId,
            ...registration,
            lease_ms: timing.leaseMs,
          },
          { timeoutMs: timing.leaseMs, signal },
        );
        lease.#extend(requestedAt);
        void lease.#keepRenewing(); // ends when the lease is lost
        return lease;
      } catch (error) {
        log.warn({ event: "register_failed", attempt, err: error }, "could not register");
        await sleep(backoffMs(attempt, retryLimits, random), undefined, { signal });
      }
    }
  }

  /** Aborted when the lease is lost or released. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  release(): void {
    clearTimeout(this.#expiry);
    this.#lost.abort();
  }

  async #keepRenewing(): Promise<void> {
    const { database, connectorId, timing, log } = this.#options;
    let delayMs = timing.renewEveryMs;
    while (await this.#wait(delayMs)) {
      const requestedAt = performance.now();
      try {
        const held = await database.call(
          "renew_lease",
          { connector_id: connectorId, lease_ms: timing.leaseMs },
          { timeoutMs: timing.renewEveryMs, signal: this.lost },
        );
        if (!held) {
          log.error({ event: "lease_expired" }, "the lease had already expired");
          return this.release();
        }
        this.#extend(requestedAt);
        delayMs = timing.renewEveryMs;
      } catch (error) {
        if (this.lost.aborted) return;
        log.warn({ event: "renew_failed", err: error }, "could not renew the lease");
        delayMs = Math.min(500, timing.renewEveryMs);
      }
    }
  }

  /** Counted from when the request was sent: the database received it later, so its lease is longer. */
  #extend(requestedAt: number): void {
    const { leaseMs, leaseMarginMs } = this.#options.timing;
    clearTimeout(this.#expiry);
    this.#expiry = setTimeout(
      () => {
        this.#options.log.error({ event: "lease_lost" }, "could not renew the lease in time");
        this.release();
      },
      requestedAt + leaseMs - leaseMarginMs - performance.now(),
    );
  }

  async #wait(ms: number): Promise<boolean> {
    await sleep(ms, undefined, { signal: this.#lost.signal, ref: false }).catch(() => undefined);
    return !this.#lost.signal.aborted;
  }
}
