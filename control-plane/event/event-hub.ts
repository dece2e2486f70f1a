import { DurableObject } from "cloudflare:workers";
import pLimit from "p-limit";
import { parseConfig } from "../config.ts";
import { connectDatabase, type DatabaseClient } from "../database/connect.ts";
import { createFileLinks } from "../file/create-file-links.ts";
import type { FileLinks } from "../file/file-links.ts";
import { sleep } from "../http/sleep.ts";
import { describeError, logEvent } from "../http/log.ts";
import { EndpointNotifier } from "../delivery/endpoint-notifier.ts";
import { findDueEndpoints } from "../delivery/find-due-endpoints.ts";
import { bucketsOf, shardOf } from "./bucket.ts";
import { ByteBudget } from "./byte-budget.ts";
import { cachePages } from "./cache-pages.ts";
import { EventNotifications } from "./event-notifications.ts";
import { readEvents, readHeads } from "./read-events.ts";
import { readPages } from "./read-pages.ts";
import { heartbeat } from "./sse.ts";
import { StreamClient } from "./stream-client.ts";
import { StreamSlots } from "./stream-slots.ts";
import { TenantFeed } from "./tenant-feed.ts";
import { validKeys } from "./valid-keys.ts";

const slotProbeDelaysMs = [50, 200];
/** Poll interval of streams; covers lost notifications. */
const pollMs = 5_000;
/** The same for webhook endpoints. */
const sweepMs = 20_000;
const pollsPerHeartbeat = 3;
/** A Durable Object has 128 MB: these bound what many streams, or slow ones, take of it. */
const maxStreams = 2_000;
const maxBufferedBytes = 33_554_432;
/** How many pages are read at a time, for all tenants of the hub together. */
const concurrentLiveReads = 3;
const concurrentCatchUpReads = 2;
const livePageBytes = 1_000_000;
/** As much as a client's buffer holds; what does not fit is read again. */
const catchUpPageBytes = 262_144;

/**
 * Writes events to the open streams of some buckets' tenants, and notifies their webhook
 * endpoints. It stores nothing: each stream has its position, Postgres has the events.
 */
export class EventHub extends DurableObject {
  readonly #database: DatabaseClient;
  readonly #notifications: EventNotifications;
  readonly #feeds = new Map<string, TenantFeed>();
  readonly #streams = new Set<StreamClient>();
  readonly #endpoints: EndpointNotifier;
  readonly #fileLinks: FileLinks;
  readonly #buckets: number[];
  readonly #slots: StreamSlots;
  readonly #budget: ByteBudget;
  readonly #limitLiveReads = pLimit(concurrentLiveReads);
  readonly #limitCatchUpReads = pLimit(concurrentCatchUpReads);
  /** Reads under way: many streams of a tenant may be opened at once. */
  readonly #headReads = new Map<string, Promise<number>>();
  #timer: ReturnType<typeof setInterval> | null = null;
  #polls = 0;

  constructor(context: DurableObjectState, env: Cloudflare.Env) {
    super(context, env);
    const config = parseConfig(env);
    this.#buckets = bucketsOf(shardOf(context.id.name), config.eventHubShards);
    this.#endpoints = new EndpointNotifier({
      endpointOf: (id) => env.WEBHOOK_ENDPOINT.getByName(id),
      sleep,
      onFailure: (error) =>
        logEvent("warn", "hub_failed", { what: "notify_endpoint", ...describeError(error) }),
    });
    this.#slots = new StreamSlots({
      perKey: config.maxStreamsPerKey,
      perTenant: config.maxStreamsPerTenant,
      total: maxStreams,
    });
    this.#budget = new ByteBudget({
      maxBytes: maxBufferedBytes,
      onExceeded: () => this.#dropSlowest(),
    });
    this.#fileLinks = createFileLinks(config);
    this.#database = connectDatabase({ url: config.supabaseUrl, key: config.supabaseKey });
    this.#notifications = new EventNotifications({
      database: this.#database,
      buckets: this.#buckets,
      onNotification: ({ tenant_id, seq, endpoints, settings_changed }) => {
        for (const id of endpoints) {
          if (settings_changed) this.#endpoints.reload(id);
          else this.#endpoints.notify(id, seq);
        }
        const feed = this.#feeds.get(tenant_id);
        if (feed !== undefined) void this.#attempt("feed", feed.notify(seq));
      },
      onJoined: () => {
        void this.#attempt("notify_due", this.#notifyDue());
        void this.#attempt("catch_up", this.#catchUp());
      },
    });
  }

  /** Opens a stream; see Hubs.stream for its parameters. 429 has the reason as its body. */
  override async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const opener = {
      tenantId: searchParams.get("tenant") ?? "",
      keyId: searchParams.get("key") ?? "",
    };
    const refusal = this.#slots.take(opener) && (await this.#takeFreedSlot(opener));
    if (refusal !== undefined) return new Response(refusal, { status: 429 });

    void this.#attempt("notifications", this.#notifications.start());
    const after = searchParams.get("after");
    const client = await this.#open({
      ...opener,
      after: after === null ? undefined : Number(after),
      sessionId: searchParams.get("session") ?? undefined,
      onlySessions: searchParams.getAll("only"),
    });
    if (client === undefined) {
      this.#slots.release(opener);
      return new Response(null, { status: 503 });
    }
    return new Response(client.body, {
      headers: {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
      },
    });
  }

  /**
   * A client that disconnected is noticed when a write to it fails, which a heartbeat does at the
   * latest. A tenant at its limit does not wait for that, or a restart of its clients would fail.
   */
  async #takeFreedSlot(opener: { tenantId: string; keyId: string }): Promise<string | undefined> {
    const feed = this.#feedOf(opener.tenantId);
    for (const delayMs of slotProbeDelaysMs) {
      feed.writeToAll(heartbeat);
      await sleep(delayMs);
    }
    return this.#slots.take(opener);
  }

  /** Undefined when the database does not answer. */
  async #open(request: {
    tenantId: string;
    keyId: string;
    after: number | undefined;
    sessionId: string | undefined;
    onlySessions: string[];
  }): Promise<StreamClient | undefined> {
    const { tenantId, keyId, after, sessionId, onlySessions } = request;
    // The feed must exist before the head is read, or it would miss notifications in between.
    this.#feedOf(tenantId);
    const head = await this.#headOf(tenantId);
    if (head === undefined) return undefined;
    const feed = this.#feedOf(tenantId);
    const client = new StreamClient({
      keyId,
      // A position beyond the head is from another database: the stream would wait forever.
      position: after === undefined ? head : Math.min(after, head),
      sessionId,
      onlySessions: onlySessions.length === 0 ? undefined : new Set(onlySessions),
      budget: feed.budget,
      now: () => Date.now(),
      onClose: (closed) => {
        this.#streams.delete(closed);
        this.#slots.release({ tenantId, keyId });
        feed.leave(closed);
      },
    });
    this.#streams.add(client);
    this.#startTimer();
    void feed.join(client);
    return client;
  }

  /** Connects to Realtime if needed, and notifies the endpoints that have something to deliver. */
  async sweep(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + sweepMs);
    await Promise.all([
      this.#attempt("notifications", this.#notifications.start()),
      this.#attempt("notify_due", this.#notifyDue()),
    ]);
  }

  override async alarm(): Promise<void> {
    await this.sweep();
  }

  async #notifyDue(): Promise<void> {
    for await (const { endpoint_id, last_seq } of findDueEndpoints(this.#database, this.#buckets)) {
      this.#endpoints.notify(endpoint_id, last_seq);
    }
  }

  async status(): Promise<{ realtime: "joined" | "joining"; streams: number }> {
    await this.#notifications.start();
    return {
      realtime: this.#notifications.isJoined ? "joined" : "joining",
      streams: this.#streams.size,
    };
  }

  /** Undefined when the database does not answer. */
  async #headOf(tenantId: string): Promise<number | undefined> {
    let reading = this.#headReads.get(tenantId);
    if (reading === undefined) {
      reading = readHeads(this.#database, [tenantId])
        .then((heads) => heads.get(tenantId) ?? 0)
        .finally(() => this.#headReads.delete(tenantId));
      this.#headReads.set(tenantId, reading);
    }
    try {
      return await reading;
    } catch (error) {
      logEvent("warn", "hub_failed", { what: "head", ...describeError(error) });
      return undefined;
    }
  }

  #feedOf(tenantId: string): TenantFeed {
    const known = this.#feeds.get(tenantId);
    if (known !== undefined) return known;
    const read = async (page: { after: number; limit: number }) => {
      const events = await readEvents(this.#database, { tenantId, ...page });
      return Promise.all(events.map((event) => this.#fileLinks.inEvent(event)));
    };
    const readLive = readPages(read, livePageBytes);
    const readBehind = readPages(read, catchUpPageBytes);
    const readCached = cachePages((after) => this.#limitCatchUpReads(() => readBehind(after)));
    const feed = new TenantFeed({
      sleep,
      readLive: (after) => this.#limitLiveReads(() => readLive(after)),
      readBehind: readCached,
      onError: (error) => logEvent("warn", "hub_failed", { what: "feed", ...describeError(error) }),
      hubBudget: this.#budget,
    });
    this.#feeds.set(tenantId, feed);
    return feed;
  }

  /** Too many bytes are unread: closes slow clients of the tenant that has most of them. */
  #dropSlowest(): void {
    const feeds = [...this.#feeds].toSorted(
      ([, a], [, b]) => b.budget.usedBytes - a.budget.usedBytes,
    );
    const [tenantId, feed] = feeds[0] ?? [];
    logEvent("warn", "slow_streams_closed", { tenant_id: tenantId });
    feed?.dropSlowest();
  }

  #closeStalled(): void {
    for (const client of this.#streams) if (client.isStalled) client.close();
  }

  /** Closes the streams whose key was revoked, has expired or was deleted with its tenant. */
  async #closeRevoked(): Promise<void> {
    const keyIds = new Set([...this.#streams].map((client) => client.keyId));
    const valid = await validKeys(this.#database, keyIds);
    for (const client of this.#streams) {
      if (keyIds.has(client.keyId) && !valid.has(client.keyId)) client.close();
    }
  }

  async #catchUp(): Promise<void> {
    // Includes feeds whose first client is still joining: it reads up to this head afterwards.
    const tenantIds = [...this.#feeds.keys()];
    if (tenantIds.length === 0) return;
    const heads = await readHeads(this.#database, tenantIds);
    await Promise.all(
      [...heads].map(async ([tenantId, seq]) => this.#feeds.get(tenantId)?.notify(seq)),
    );
  }

  #startTimer(): void {
    this.#timer ??= setInterval(() => {
      this.#polls += 1;
      if (this.#polls % pollsPerHeartbeat === 0) {
        for (const feed of this.#feeds.values()) feed.writeToAll(heartbeat);
      }
      this.#closeStalled();
      for (const [tenantId, feed] of this.#feeds) {
        if (feed.isIdle) this.#feeds.delete(tenantId);
      }
      if (this.#feeds.size === 0) {
        clearInterval(this.#timer);
        this.#timer = null;
        return;
      }
      void this.#attempt("poll", this.#catchUp());
      void this.#attempt("keys", this.#closeRevoked());
    }, pollMs);
  }

  /** Logs a failure and returns false; the next notification or poll tries again. */
  async #attempt(what: string, task: Promise<unknown>): Promise<boolean> {
    try {
      await task;
      return true;
    } catch (error) {
      logEvent("warn", "hub_failed", { what, ...describeError(error) });
      return false;
    }
  }
}
