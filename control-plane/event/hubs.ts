import type { EventHub } from "./event-hub.ts";
import { ApiError } from "../../shared/errors.ts";
import { tenantBucket } from "./bucket.ts";

export interface StreamRequest {
  tenantId: string;
  /** The API key that opens the stream; revoking the key closes it. */
  keyId: string;
  /** Limits the stream to message events of this session; otherwise all events of the tenant. */
  sessionId?: string;
  /** Limits the stream to events of these sessions, of any type. */
  onlySessions?: readonly string[] | null;
  /** The seq of the last event the client has; otherwise the stream starts with new events. */
  after: number | undefined;
}

/** The shards of the EventHub, chosen by tenant. */
export class Hubs {
  readonly #namespace: DurableObjectNamespace<EventHub>;
  readonly #shards: number;
  #wasSwept = false;

  constructor(namespace: DurableObjectNamespace<EventHub>, shards: number) {
    this.#namespace = namespace;
    this.#shards = shards;
  }

  /** A response whose body is a stream of server-sent events. */
  async stream(request: StreamRequest): Promise<Response> {
    const url = new URL("https://hub/stream");
    url.searchParams.set("tenant", request.tenantId);
    url.searchParams.set("key", request.keyId);
    if (request.sessionId !== undefined) url.searchParams.set("session", request.sessionId);
    for (const id of request.onlySessions ?? []) url.searchParams.append("only", id);
    if (request.after !== undefined) url.searchParams.set("after", String(request.after));
    const hub = this.#hub((await tenantBucket(request.tenantId)) % this.#shards);
    const response = await hub.fetch(url.href);
    if (response.ok) return response;
    if (response.status === 429) {
      throw new ApiError("too_many_streams", await response.text(), { retryAfterSeconds: 5 });
    }
    throw new ApiError(
      "database_unavailable",
      "The database did not answer. Open the stream again in a few seconds.",
      {
        retryAfterSeconds: 2,
      },
    );
  }

  /**
   * Starts every hub, which looks for deliveries that are due. The cron does so every minute; the
   * first request of an isolate does it too, so that a new deployment does not wait for the cron.
   */
  async sweep(): Promise<void> {
    this.#wasSwept = true;
    await Promise.all(this.all().map((hub) => hub.sweep()));
  }

  get wasSwept(): boolean {
    return this.#wasSwept;
  }

  all() {
    return Array.from({ length: this.#shards }, (_, shard) => this.#hub(shard));
  }

  #hub(shard: number) {
    return this.#namespace.getByName(`hub-${shard}`);
  }
}
