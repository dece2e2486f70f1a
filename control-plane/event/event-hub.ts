import { DurableObject } from "cloudflare:workers";
import { parseConfig } from "../config.ts";
import { connectDatabase, type DatabaseClient } from "../database/connect.ts";
import { sleep } from "../http/sleep.ts";
import { describeError, logEvent } from "../http/log.ts";
import { EndpointNotifier } from "../webhook/endpoint-notifier.ts";
import { findDueEndpoints } from "../webhook/find-due-endpoints.ts";
import { bucketsOf, shardOf } from "./bucket.ts";
import { EventNotifications } from "./event-notifications.ts";
import { readEvents, readHeads } from "./read-events.ts";
import { heartbeat } from "./sse.ts";
import { StreamClient } from "./stream-client.ts";
import { pageSize, TenantFeed } from "./tenant-feed.ts";
import { validKeys } from "./valid-keys.ts";

/** Poll interval of streams; covers lost notifications. */
const pollMs = 5_000;
/** The same for webhook endpoints. */
const sweepMs = 20_000;
const pollsPerHeartbeat = 3;

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
  readonly #buckets: number[];
  #timer: ReturnType<typeof setInterval> | null = null;
  #polls = 0;

  constructor(context: DurableObjectState, env: Cloudflare.Env) {
    super(context, env);
    const config = parseConfig(env);
    this.#buckets = bucketsOf(shardOf(context.id.name), config.eventHubShards);
    this.#endpoints = new EndpointNotifier(env.WEBHOOK_ENDPOINT, (error) =>
      logEvent("warn", "hub_failed", { what: "notify_endpoint", ...describeError(error) }),
    );
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

  /** Opens a stream; see Hubs.stream for its parameters. */
  override async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const tenantId = searchParams.get("tenant") ?? "";
    const after = searchParams.get("after");
    void this.#attempt("notifications", this.#notifications.start());
    // The feed must exist before the head is read, or it would miss notifications in between.
    this.#feedOf(tenantId);
    const head = await this.#headOf(tenantId);
    if (head === undefined) return new Response(null, { status: 503 });
    const client = new StreamClient({
      keyId: searchParams.get("key") ?? "",
      // A position beyond the head is from another database: the stream would wait forever.
      position: after === null ? head : Math.min(Number(after), head),
      sessionId: searchParams.get("session") ?? undefined,
      onClose: (closed) => this.#leave(tenantId, closed),
    });
    this.#streams.add(client);
    this.#startTimer();
    void this.#attempt("join", this.#feedOf(tenantId).join(client)).then(
      (joined) => joined || client.close(),
    );
    return new Response(client.body, {
      headers: {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
      },
    });
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
    try {
      return (await readHeads(this.#database, [tenantId])).get(tenantId) ?? 0;
    } catch (error) {
      logEvent("warn", "hub_failed", { what: "head", ...describeError(error) });
      return undefined;
    }
  }

  #feedOf(tenantId: string): TenantFeed {
    const known = this.#feeds.get(tenantId);
    if (known !== undefined) return known;
    const feed = new TenantFeed({
      sleep,
      read: (after) => readEvents(this.#database, { tenantId, after, limit: pageSize }),
    });
    this.#feeds.set(tenantId, feed);
    return feed;
  }

  #leave(tenantId: string, client: StreamClient): void {
    this.#streams.delete(client);
    this.#feeds.get(tenantId)?.leave(client);
  }

  /** Closes the streams whose key was revoked, has expired or was deleted with its tenant. */
  async #closeRevoked(): Promise<void> {
    const keyIds = new Set([...this.#streams].map((client) => client.keyId));
    const valid = await validKeys(this.#database, keyIds, Date.now());
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
        for (const feed of this.#feeds.values()) feed.writeAll(heartbeat);
      }
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
