import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Balance } from "./balance.ts";
import type { Database } from "../database/database.ts";
import { endWith } from "../database/end-with.ts";
import { Drip } from "../drip/drip.ts";
import type { NumberCache } from "../number/number-cache.ts";
import type { ClaimedSession, HubNotification } from "../../shared/database.ts";
import { Session } from "../session/session.ts";
import type { SessionServices } from "../session/services.ts";
import { stopped } from "../session/session-change.ts";
import type { Item } from "../write/write.ts";
import { removeFiles } from "../media/store/remove-files.ts";
import { Writer } from "../write/writer.ts";
import { untilAborted } from "../wait/until-aborted.ts";
import { WakeSignal } from "../wait/wake-signal.ts";
import { Lease, type LeaseOptions } from "../lease/lease.ts";

/** Small, so that connectors that start together share the sessions. */
const claimBatch = 25;
const betweenClaimsMs = 30;
const expireBatch = 500;
const overdueChats = 200;
/** Beyond the wait of an event: its own connector releases it first. */
const overdueMarginMs = 10_000;
const requestTimeoutMs = 10_000;
const queues = 2;

export interface ConnectorRuntimeOptions extends Omit<LeaseOptions, "signal" | "onAttempt"> {
  numberCache: NumberCache;
  /** Called with the notifications of each commit. */
  notifyHubs: (notifications: HubNotification[]) => void;
  services: Omit<SessionServices, "writer" | "onReady" | "onGone">;
}

class LeaseEnded extends Error {
  override readonly name = "LeaseEnded";
}

/** Everything that a connector holds under one lease: its sessions, their writes and the drip. */
export class ConnectorRuntime {
  readonly sessions = new Map<string, Session>();
  readonly writer: Writer;
  readonly drip: Drip;
  readonly #options: ConnectorRuntimeOptions;
  readonly #balance: Balance;
  readonly #wakeSignal = new WakeSignal();
  /** Aborted when the sessions may belong to another connector: everything ends then. */
  readonly #ended = new AbortController();
  /** For everything that the lease allows. */
  readonly #database: Database;
  #lease: Lease | undefined;
  #polledAt = 0;
  /** When the loop of serve() last came round, whether the database answered or not. */
  #turnedAt = performance.now();
  #isClaiming = true;
  #isRemoving = false;

  constructor(options: ConnectorRuntimeOptions) {
    this.#options = options;
    const { metrics } = options.services;
    setMaxListeners(0, this.#ended.signal);
    const database = endWith(this.#ended.signal, options.database);
    this.#database = database;
    this.writer = new Writer(
      {
        ...options,
        database,
        onStale: ({ uid, epoch }) => {
          if (this.sessions.get(uid)?.epoch === epoch) this.#drop(uid, "stale");
        },
        onCommit: ({ writes, seconds, notifications }) => {
          options.notifyHubs(notifications);
          metrics.commitWrites.observe(writes);
          metrics.commitLatency.observe(seconds);
        },
      },
      queues,
    );
    this.#balance = new Balance({
      ...options,
      ...options.services,
      database,
      sessions: this.sessions,
    });
    const { queueDefaults } = options.services;
    const findSession = (uid: string) => this.sessions.get(uid);
    this.drip = new Drip({ ...options, queueDefaults, database, findSession });
  }

  /** Whether this connector can claim sessions: it is registered and has polled recently. */
  get isReady(): boolean {
    const { leaseMs } = this.#options.timing;
    return (
      this.#isClaiming &&
      this.#lease !== undefined &&
      !this.#lease.lost.aborted &&
      performance.now() - this.#polledAt < leaseMs
    );
  }

  /** Whether its loops go on, whatever the database does. */
  get isAlive(): boolean {
    const { stuckMs } = this.#options.timing;
    const since = Math.min(this.#turnedAt, this.drip.turnedAt ?? Infinity);
    return performance.now() - since < stuckMs;
  }

  /**
   * Resolves when the lease is lost, with everything closed, or when `signal` is aborted; then the
   * sessions are still open, to be handed over.
   */
  async serve(signal: AbortSignal): Promise<void> {
    const onAttempt = () => this.#turn();
    const lease = await Lease.acquire({ ...this.#options, signal, onAttempt });
    this.#lease = lease;
    lease.lost.addEventListener("abort", () => this.abandon(), { once: true });
    const ended = AbortSignal.any([signal, lease.lost]);
    ended.addEventListener("abort", () => this.#wakeSignal.notify(), { once: true });
    const watch = setInterval(() => this.#watch(), this.#options.timing.watchEveryMs);
    const { timing } = this.#options;
    const expire = setInterval(() => void this.#expire(), timing.expireEveryMs);
    const overdue = setInterval(() => void this.#releaseOverdue(), timing.download.overdueEveryMs);
    const removing = setInterval(() => void this.#removeFiles(), timing.removeFilesEveryMs);
    const dripping = this.drip.run(ended);
    try {
      while (!ended.aborted) {
        this.#turn();
        await this.#poll(ended);
        if (!ended.aborted) await this.#wakeSignal.wait(this.#pollMs());
      }
    } finally {
      clearInterval(watch);
      clearInterval(expire);
      clearInterval(overdue);
      clearInterval(removing);
      await dripping;
    }
  }

  /** A notification that this session changed; null stands for any session. */
  wake(sessionUid: string | null): void {
    this.#wakeSignal.notify();
    if (sessionUid === null || this.sessions.has(sessionUid)) this.drip.wake();
  }

  /** Claims no more sessions and dequeues no more messages; the sessions stay open. */
  stopClaiming(): void {
    this.#isClaiming = false;
    this.drip.stopDequeuing();
  }

  /** Resolves when no socket is open any more; what was received can still be stored. */
  async handOver(): Promise<void> {
    await Promise.all(Array.from(this.sessions.values(), (session) => session.handOver()));
  }

  /** Closes everything at once and writes nothing more. */
  abandon(): void {
    if (this.#ended.signal.aborted) return;
    this.#isClaiming = false;
    for (const session of this.sessions.values()) session.end();
    this.sessions.clear();
    this.writer.close();
    this.#ended.abort(new LeaseEnded("the lease has ended"));
    this.#lease?.release();
  }

  /** Releases the sessions in the database, so that other connectors can claim them. */
  async retire(): Promise<void> {
    const { database, connectorId } = this.#options;
    this.abandon();
    await database.call(
      "deregister_connector",
      { connector_id: connectorId },
      { timeoutMs: requestTimeoutMs },
    );
  }

  #turn(): void {
    this.#turnedAt = performance.now();
  }

  async #poll(ended: AbortSignal): Promise<void> {
    const { log } = this.#options;
    try {
      await untilAborted(this.#reconcileAndClaim(), ended);
      this.#polledAt = performance.now();
    } catch (error) {
      if (ended.aborted) return;
      log.warn({ event: "poll_failed", err: error }, "could not poll for sessions");
    }
  }

  async #reconcileAndClaim(): Promise<void> {
    await this.#reconcile();
    await this.#claim();
    if (this.#isClaiming) await this.#balance.step();
  }

  async #claim(): Promise<void> {
    const { connectorId, registration } = this.#options;
    while (this.#isClaiming) {
      this.#turn();
      const room = registration.capacity - this.sessions.size;
      if (room <= 0) return;
      const limit = Math.min(claimBatch, room);
      const claimed = await this.#database.call(
        "claim_sessions",
        { connector_id: connectorId, max_sessions: limit },
        { timeoutMs: requestTimeoutMs },
      );
      for (const session of claimed ?? []) this.#start(session);
      if ((claimed?.length ?? 0) < limit) return;
      await sleep(betweenClaimsMs);
    }
  }

  #start(claimed: ClaimedSession): void {
    const { services, log } = this.#options;
    // Claimed just before the end: nobody else has it yet, and it is released with the others.
    if (!this.#isClaiming || this.#lease?.lost.aborted !== false) return;
    this.sessions.get(claimed.uid)?.end();
    try {
      const session: Session = new Session(claimed, {
        ...services,
        database: this.#database,
        writer: this.writer,
        onReady: () => this.drip.wake(),
        onGone: () => {
          if (this.sessions.get(claimed.uid) === session) this.sessions.delete(claimed.uid);
        },
      });
      this.sessions.set(claimed.uid, session);
      log.info({ event: "claimed", uid: claimed.uid, epoch: claimed.epoch }, "claimed a session");
      session.start();
    } catch (error) {
      this.sessions.delete(claimed.uid);
      this.#refuse(claimed, error);
    }
  }

  /** Stops a session that cannot run here, such as one encrypted under another key. */
  #refuse({ uid, epoch, desired_version }: ClaimedSession, error: unknown): void {
    const { log } = this.#options;
    log.error({ event: "session_refused", uid, err: error }, "could not start a session");
    const change = stopped({ reason: "credentials_unreadable" }, { now: Date.now });
    const items: Item[] = [{ kind: "change", number: 1, desired_version, ...change }];
    this.writer
      .commit({ uid, epoch, items })
      .catch((cause: unknown) =>
        log.warn({ event: "write_failed", uid, err: cause }, "could not store a change"),
      );
  }

  /** Closes sessions that were claimed by another connector, deleted or disconnected. */
  async #reconcile(): Promise<void> {
    const { connectorId, log } = this.#options;
    const held = [...this.sessions.values()];
    const owned = await this.#database.call(
      "list_owned_sessions",
      { connector_id: connectorId },
      { timeoutMs: requestTimeoutMs },
    );
    const byUid = new Map((owned ?? []).map((row) => [row.uid, row]));
    for (const session of held) {
      if (this.sessions.get(session.uid) !== session) continue;
      const row = byUid.get(session.uid);
      if (row?.epoch !== session.epoch) {
        this.#drop(session.uid, "not_owner");
        continue;
      }
      session.readDesired(row.desired_version);
      if (row.desired === "disconnected") {
        session
          .stop("requested")
          .catch((error: unknown) =>
            log.warn({ event: "stop_failed", err: error }, "could not stop a session"),
          );
      }
    }
    const orphans = [...byUid.keys()].filter((uid) => !this.sessions.has(uid));
    if (orphans.length > 0) await this.#release(orphans);
  }

  /** Releases sessions that this connector owns without holding them, as after a lost answer. */
  async #release(orphans: string[]): Promise<void> {
    const { connectorId, log } = this.#options;
    log.warn({ event: "orphans_released", uids: orphans }, "owned sessions that are not held");
    await this.#database.call(
      "release_sessions",
      { connector_id: connectorId, session_uids: orphans },
      { timeoutMs: requestTimeoutMs },
    );
  }

  #drop(uid: string, reason: string): void {
    this.#options.log.warn({ event: "session_lost", uid, reason }, "no longer the owner");
    const session = this.sessions.get(uid);
    this.sessions.delete(uid);
    session?.end();
  }

  /** Fails expired intents of all sessions: those of a closed session have nobody else. */
  async #expire(): Promise<void> {
    const { log } = this.#options;
    try {
      const expired = await this.#database.call("fail_expired_messages", {
        max_messages: expireBatch,
      });
      for (const { session_uid, wa_message_id } of expired) {
        log.warn({ event: "expired", uid: session_uid }, "no ack within an hour");
        this.sessions.get(session_uid)?.outbox.drop(wa_message_id);
      }
    } catch (error) {
      log.warn({ event: "expire_failed", err: error }, "could not fail expired messages");
    }
  }

  /** Emits events that wait for a file of a session which nobody holds any more. */
  async #releaseOverdue(): Promise<void> {
    const { timing, log, notifyHubs } = this.#options;
    const minAgeMs = timing.download.waitMs + overdueMarginMs;
    try {
      const notifications = await this.#database.call("release_overdue_events", {
        min_age_seconds: Math.ceil(minAgeMs / 1000),
        max_chats: overdueChats,
      });
      if (notifications.length > 0) notifyHubs(notifications);
    } catch (error) {
      log.warn({ event: "release_failed", err: error }, "could not release waiting events");
    }
  }

  async #removeFiles(): Promise<void> {
    if (this.#isRemoving) return;
    this.#isRemoving = true;
    try {
      await removeFiles({ database: this.#database, store: this.#options.services.store });
    } catch (error) {
      this.#options.log.warn({ event: "remove_failed", err: error }, "could not remove files");
    } finally {
      this.#isRemoving = false;
    }
  }

  #watch(): void {
    for (const session of this.sessions.values()) session.watch();
  }

  #pollMs(): number {
    const { timing, random } = this.#options;
    return timing.pollMs * (0.75 + random() / 2);
  }
}
