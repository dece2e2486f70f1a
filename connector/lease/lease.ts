import { setTimeout as sleep } from "node:timers/promises";
import type { Timing } from "../timing.ts";
import { unwrap, type Supabase } from "../database/database.ts";
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
  supabase: Supabase;
  connectorId: string;
  registration: Registration;
  timing: Timing;
  log: Log;
  random: () => number;
  signal: AbortSignal;
}

/**
 * The one row that all sessions of a connector hang on. `held` ends when the lease is about to
 * run out, or already belongs to the past: by then every socket must be closed, because another
 * connector may open them.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #lost = new AbortController();
  #expiry: NodeJS.Timeout | undefined;

  private constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Registers, however long the database takes to answer; throws when `signal` ends it. */
  static async take(options: LeaseOptions): Promise<Lease> {
    const { supabase, connectorId, registration, timing, log, random, signal } = options;
    const lease = new Lease(options);
    for (let attempt = 0; ; attempt += 1) {
      signal.throwIfAborted();
      const askedAt = performance.now();
      try {
        await unwrap(
          supabase
            .rpc("register_connector", {
              connector_id: connectorId,
              ...registration,
              lease_ms: timing.leaseMs,
            })
            .abortSignal(AbortSignal.timeout(timing.leaseMs)),
        );
        lease.#extend(askedAt);
        void lease.#keep(); // it ends with the lease
        return lease;
      } catch (error) {
        log.warn({ event: "register_failed", attempt, err: error }, "could not register");
        await sleep(backoffMs(attempt, retryLimits, random), undefined, { signal });
      }
    }
  }

  /** Aborted when the lease must not be relied on any more. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  release(): void {
    clearTimeout(this.#expiry);
    this.#lost.abort();
  }

  async #keep(): Promise<void> {
    const { supabase, connectorId, timing, log } = this.#options;
    let delayMs = timing.renewEveryMs;
    while (await this.#wait(delayMs)) {
      const askedAt = performance.now();
      try {
        const held = await unwrap(
          supabase
            .rpc("renew_lease", { connector_id: connectorId, lease_ms: timing.leaseMs })
            .abortSignal(AbortSignal.timeout(timing.renewEveryMs)),
        );
        if (held !== true) {
          log.error({ event: "lease_expired" }, "the lease had already run out");
          return this.release();
        }
        this.#extend(askedAt);
        delayMs = timing.renewEveryMs;
      } catch (error) {
        log.warn({ event: "renew_failed", err: error }, "could not renew the lease");
        delayMs = Math.min(500, timing.renewEveryMs);
      }
    }
  }

  /** The database counts from when it got the request, which is never before it was sent. */
  #extend(askedAt: number): void {
    const { leaseMs, leaseMarginMs } = this.#options.timing;
    clearTimeout(this.#expiry);
    this.#expiry = setTimeout(
      () => {
        this.#options.log.error({ event: "lease_lost" }, "could not renew the lease in time");
        this.release();
      },
      askedAt + leaseMs - leaseMarginMs - performance.now(),
    );
  }

  async #wait(ms: number): Promise<boolean> {
    await sleep(ms, undefined, { signal: this.#lost.signal, ref: false }).catch(() => undefined);
    return !this.#lost.signal.aborted;
  }
}
