import { setTimeout as sleep } from "node:timers/promises";
import { unwrap } from "../database/database.ts";
import { Drip } from "../drip/drip.ts";
import type { NumberCache } from "../number/number-cache.ts";
import type { ClaimedSession } from "../../shared/database.ts";
import { Session } from "../session/session.ts";
import type { SessionServices } from "../session/services.ts";
import { Writer } from "../write/writer.ts";
import { WakeSignal } from "../wait/wake-signal.ts";
import { Lease, type LeaseOptions } from "../lease/lease.ts";

/** Few enough that several connectors that start together share what there is. */
const claimBatch = 25;
const betweenClaimsMs = 30;
const requestTimeoutMs = 10_000;
const queues = 2;

export interface ConnectorRuntimeOptions extends Omit<LeaseOptions, "signal"> {
  numberCache: NumberCache;
  services: Omit<SessionServices, "writer" | "onReady" | "onGone">;
}

/** What a connector is under one id: its lease, and the sessions and writes that hang on it. */
export class ConnectorRuntime {
  readonly sessions = new Map<string, Session>();
  readonly writer: Writer;
  readonly drip: Drip;
  readonly #options: ConnectorRuntimeOptions;
  readonly #wakeSignal = new WakeSignal();
  #lease: Lease | undefined;
  #polledAt = 0;
  #claiming = true;

  constructor(options: ConnectorRuntimeOptions) {
    this.#options = options;
    const { metrics } = options.services;
    this.writer = new Writer(
      {
        ...options,
        onStale: (uid) => this.#drop(uid, "stale"),
        onCommit: ({ writes, seconds }) => {
          metrics.commitWrites.observe(writes);
          metrics.commitLatency.observe(seconds);
        },
      },
      queues,
    );
    this.drip = new Drip({ ...options, findSession: (uid) => this.sessions.get(uid) });
  }

  /** Whether this connector can take sessions: registered, and the database answered lately. */
  get isReady(): boolean {
    const { leaseMs } = this.#options.timing;
    return (
      this.#claiming &&
      this.#lease !== undefined &&
      !this.#lease.lost.aborted &&
      performance.now() - this.#polledAt < leaseMs
    );
  }

  /** Resolves when the lease is lost or `signal` ended it, with everything closed. */
  async serve(signal: AbortSignal): Promise<void> {
    const lease = await Lease.take({ ...this.#options, signal });
    this.#lease = lease;
    const ended = AbortSignal.any([signal, lease.lost]);
    ended.addEventListener("abort", () => this.#wakeSignal.notify());
    const watch = setInterval(() => this.#watch(), this.#options.timing.watchEveryMs);
    const dripping = this.drip.run(ended);
    try {
      while (!ended.aborted) {
        await this.#poll();
        if (!ended.aborted) await this.#wakeSignal.wait(this.#pollMs());
      }
    } finally {
      clearInterval(watch);
      await dripping;
    }
    if (!signal.aborted) this.abandon();
  }

  /** A hint: something about this session, or anything, changed. */
  wake(sessionUid: string | null): void {
    this.#wakeSignal.notify();
    if (sessionUid === null || this.sessions.has(sessionUid)) this.drip.wake();
  }

  /** Takes no more sessions, and nothing more from their queues; those it has stay. */
  stopClaiming(): void {
    this.#claiming = false;
    this.drip.stopTaking();
  }

  /** Closes everything at once and writes nothing more. */
  abandon(): void {
    this.#claiming = false;
    this.#lease?.release();
    for (const session of this.sessions.values()) session.end();
    this.sessions.clear();
    this.writer.close();
  }

  async retire(): Promise<void> {
    const { supabase, connectorId } = this.#options;
    await unwrap(
      supabase
        .rpc("deregister_connector", { connector_id: connectorId })
        .abortSignal(AbortSignal.timeout(requestTimeoutMs)),
    );
  }

  async #poll(): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#reconcile();
      await this.#claim();
      this.#polledAt = performance.now();
    } catch (error) {
      log.warn({ event: "poll_failed", err: error }, "could not look for sessions");
    }
  }

  async #claim(): Promise<void> {
    const { supabase, connectorId, registration } = this.#options;
    while (this.#claiming) {
      const room = registration.capacity - this.sessions.size;
      if (room <= 0) return;
      const wanted = Math.min(claimBatch, room);
      const claimed = await unwrap(
        supabase
          .rpc("claim_sessions", { connector_id: connectorId, max_sessions: wanted })
          .abortSignal(AbortSignal.timeout(requestTimeoutMs)),
      );
      for (const session of claimed ?? []) this.#take(session);
      if ((claimed?.length ?? 0) < wanted) return;
      await sleep(betweenClaimsMs);
    }
  }

  #take(claimed: ClaimedSession): void {
    const { services, log } = this.#options;
    if (this.#lease?.lost.aborted !== false) return;
    this.sessions.get(claimed.uid)?.end();
    try {
      const session = new Session(claimed, {
        ...services,
        writer: this.writer,
        onReady: () => this.drip.wake(),
        onGone: (gone) => {
          if (this.sessions.get(gone.uid) === gone) this.sessions.delete(gone.uid);
        },
      });
      this.sessions.set(claimed.uid, session);
      log.info({ event: "claimed", uid: claimed.uid, epoch: claimed.epoch }, "took a session");
      session.start();
    } catch (error) {
      this.sessions.delete(claimed.uid);
      this.#refuse(claimed, error);
    }
  }

  /** A session that cannot run here, such as one encrypted under another key, is stopped. */
  #refuse({ uid, epoch }: ClaimedSession, error: unknown): void {
    const { log } = this.#options;
    log.error({ event: "session_refused", uid, err: error }, "a session could not be started");
    const reason = { reason: "credentials_unreadable" };
    const change = {
      kind: "change" as const,
      patch: {
        state: "disconnected" as const,
        desired: "disconnected" as const,
        last_disconnect: { ...reason, at: new Date().toISOString() },
      },
      event: "session.disconnected" as const,
      event_data: reason,
    };
    this.writer
      .commit({ uid, epoch, items: [change] })
      .catch((cause: unknown) =>
        log.warn({ event: "not_written", uid, err: cause }, "not written"),
      );
  }

  /** Closes what is another's by now, is deleted, or is not wanted any more. */
  async #reconcile(): Promise<void> {
    const { supabase, connectorId, log } = this.#options;
    const held = [...this.sessions.values()];
    const owned = await unwrap(
      supabase
        .rpc("list_owned_sessions", { connector_id: connectorId })
        .abortSignal(AbortSignal.timeout(requestTimeoutMs)),
    );
    const byUid = new Map((owned ?? []).map((row) => [row.uid, row]));
    for (const session of held) {
      if (this.sessions.get(session.uid) !== session) continue;
      const row = byUid.get(session.uid);
      if (row?.epoch !== session.epoch) this.#drop(session.uid, "not owned");
      else if (row.desired === "disconnected") {
        session
          .stop("requested")
          .catch((error: unknown) => log.warn({ event: "stop_failed", err: error }, "not stopped"));
      }
    }
    const orphans = [...byUid.keys()].filter((uid) => !this.sessions.has(uid));
    if (orphans.length > 0) await this.#release(orphans);
  }

  /** What the database gave to this connector in an answer that never came. */
  async #release(orphans: string[]): Promise<void> {
    const { supabase, connectorId, log } = this.#options;
    log.warn({ event: "orphans_released", uids: orphans }, "owned sessions that are not held");
    await unwrap(
      supabase
        .rpc("release_sessions", { connector_id: connectorId, session_uids: orphans })
        .abortSignal(AbortSignal.timeout(requestTimeoutMs)),
    );
  }

  #drop(uid: string, why: string): void {
    this.#options.log.warn({ event: "session_lost", uid, why }, "a session is not ours any more");
    const session = this.sessions.get(uid);
    this.sessions.delete(uid);
    session?.end();
  }

  #watch(): void {
    for (const session of this.sessions.values()) session.watch();
  }

  #pollMs(): number {
    const { timing, random } = this.#options;
    return timing.pollMs * (0.75 + random() / 2);
  }
}
