import { REALTIME_SUBSCRIBE_STATES } from "@supabase/supabase-js";
import { z } from "zod";
import type { DatabaseClient } from "../database/connect.ts";
import { logEvent } from "../http/log.ts";

/** `endpoints`: the webhook endpoints that receive events, or whose settings changed. */
const notificationSchema = z.object({
  tenant_id: z.string(),
  seq: z.number(),
  endpoints: z.array(z.string()),
  settings_changed: z.boolean().default(false),
});
export type EventNotification = z.infer<typeof notificationSchema>;

/**
 * Receives the notifications of some buckets over one Realtime connection. Realtime may lose any
 * of them, so the subscriber reads from the database on every `onJoined`.
 */
export class EventNotifications {
  readonly #database: DatabaseClient;
  readonly #buckets: number[];
  readonly #onNotification: (notification: EventNotification) => void;
  readonly #onJoined: () => void;
  readonly #joined = new Set<number>();
  #starting: Promise<void> | undefined;

  constructor(deps: {
    database: DatabaseClient;
    buckets: number[];
    onNotification: (notification: EventNotification) => void;
    onJoined: () => void;
  }) {
    this.#database = deps.database;
    this.#buckets = deps.buckets;
    this.#onNotification = deps.onNotification;
    this.#onJoined = deps.onJoined;
  }

  get isJoined(): boolean {
    return this.#joined.size === this.#buckets.length;
  }

  /** Connects on the first call; supabase-js reconnects by itself after that. */
  async start(): Promise<void> {
    this.#starting ??= this.#subscribe();
    await this.#starting;
  }

  async #subscribe(): Promise<void> {
    // Without this the first join carries no token, and a private channel rejects it.
    await this.#database.realtime.setAuth();
    for (const bucket of this.#buckets) {
      this.#database
        .channel(`hub:${bucket}`, { config: { private: true } })
        .on("broadcast", { event: "changed" }, ({ payload }) => {
          const notification = notificationSchema.safeParse(payload);
          if (notification.success) this.#onNotification(notification.data);
        })
        .subscribe((status, error) => {
          if (status === REALTIME_SUBSCRIBE_STATES.SUBSCRIBED) {
            this.#joined.add(bucket);
            this.#onJoined();
            return;
          }
          this.#joined.delete(bucket);
          logEvent("warn", "hub_channel", { bucket, status, error: error?.message });
        });
    }
  }
}
