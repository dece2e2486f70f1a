import { DurableObject } from "cloudflare:workers";
import { parseConfig } from "../config.ts";
import { connectDatabase, type DatabaseClient } from "../database/connect.ts";
import { sleep } from "../http/sleep.ts";
import { describeError, logEvent } from "../http/log.ts";
import { bucketsOf, shardOf } from "./bucket.ts";
import { HubSignal } from "./hub-signal.ts";
import { readEvents, readHeads } from "./read-events.ts";
import { heartbeat } from "./sse.ts";
import { StreamClient } from "./stream-client.ts";
import { pageSize, TenantFeed } from "./tenant-feed.ts";
import { validKeys } from "./valid-keys.ts";

/** Makes hints unnecessary: what they would have told is found this often. */
const pollMs = 5_000;
const pollsPerHeartbeat = 3;

/**
 * Feeds the event streams of the tenants of some buckets, and wakes the webhook dispatcher of
 * the same buckets. It remembers nothing: streams know where they are, and so does Postgres.
 */
export class EventHub extends DurableObject {
  readonly #database: DatabaseClient;
  readonly #signal: HubSignal;
  readonly #feeds = new Map<string, TenantFeed>();
  readonly #streams = new Set<StreamClient>();
  readonly #wakeDispatcher: () => Promise<void>;
  #timer: ReturnType<typeof setInterval> | null = null;
  #polls = 0;

  constructor(context: DurableObjectState, env: Cloudflare.Env) {
    super(context, env);
    const config = parseConfig(env);
    const shard = shardOf(context.id.name);
    const dispatcher = env.WEBHOOK_DISPATCHER.getByName(`webhooks-${shard}`);
    this.#wakeDispatcher = () => dispatcher.wake();
    this.#database = connectDatabase({ url: config.supabaseUrl, key: config.supabaseKey });
    this.#signal = new HubSignal({
      database: this.#database,
      buckets: bucketsOf(shard, config.eventHubShards),
      onWake: ({ tenant_id, seq, deliveries }) => {
        if (deliveries) void this.#attempt("wake_dispatcher", this.#wakeDispatcher());
        const feed = this.#feeds.get(tenant_id);
        if (feed !== undefined) void this.#attempt("feed", feed.hint(seq));
      },
      onJoined: () => {
        void this.#attempt("wake_dispatcher", this.#wakeDispatcher());
        void this.#attempt("catch_up", this.#catchUp());
      },
    });
  }

  /** Opens a stream; see Hubs.stream for its parameters. */
  override async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const tenantId = searchParams.get("tenant") ?? "";
    const after = searchParams.get("after");
    void this.#attempt("signal", this.#signal.start());
    // There before the head is read, so that no hint from then on goes past it.
    this.#feedOf(tenantId);
    const head = await this.#headOf(tenantId);
    if (head === undefined) return new Response(null, { status: 503 });
    const client = new StreamClient({
      keyId: searchParams.get("key") ?? "",
      // A number that is yet to come is of another database: it would never be reached.
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

  /** Keeps the connection to Realtime up, and has what is due delivered whatever was missed. */
  async sweep(): Promise<void> {
    await this.#signal.start();
    await this.#wakeDispatcher();
  }

  async status(): Promise<{ realtime: "joined" | "joining"; streams: number }> {
    await this.#signal.start();
    return {
      realtime: this.#signal.isJoined ? "joined" : "joining",
      streams: this.#streams.size,
    };
  }

  /** Undefined when the database cannot be asked. */
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

  /** A key that is revoked, has expired or went with its tenant ends its streams too. */
  async #closeRevoked(): Promise<void> {
    const keyIds = new Set([...this.#streams].map((client) => client.keyId));
    const valid = await validKeys(this.#database, keyIds, Date.now());
    for (const client of this.#streams) {
      if (keyIds.has(client.keyId) && !valid.has(client.keyId)) client.close();
    }
  }

  async #catchUp(): Promise<void> {
    // Also those whose first client is about to join: what they learn now they read then.
    const tenantIds = [...this.#feeds.keys()];
    if (tenantIds.length === 0) return;
    const heads = await readHeads(this.#database, tenantIds);
    await Promise.all(
      [...heads].map(async ([tenantId, seq]) => this.#feeds.get(tenantId)?.hint(seq)),
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

  /** Whether it went well; what did not is tried again with the next hint or poll. */
  async #attempt(what: string, effort: Promise<unknown>): Promise<boolean> {
    try {
      await effort;
      return true;
    } catch (error) {
      logEvent("warn", "hub_failed", { what, ...describeError(error) });
      return false;
    }
  }
}
