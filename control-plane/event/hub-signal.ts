import { REALTIME_SUBSCRIBE_STATES } from "@supabase/supabase-js";
import { z } from "zod";
import type { DatabaseClient } from "../database/connect.ts";
import { logEvent } from "../http/log.ts";

/** `deliveries`: whether webhooks wait for any of these events. */
const wakeSchema = z.object({
  tenant_id: z.string(),
  seq: z.number(),
  deliveries: z.boolean(),
});
export type Wake = z.infer<typeof wakeSchema>;

/**
 * The hints of some buckets, over one Realtime connection. Hints get lost; whoever listens
 * catches up from the database on every `onJoined`.
 */
export class HubSignal {
  readonly #database: DatabaseClient;
  readonly #buckets: number[];
  readonly #onWake: (wake: Wake) => void;
  readonly #onJoined: () => void;
  readonly #joined = new Set<number>();
  #starting: Promise<void> | undefined;

  constructor(options: {
    database: DatabaseClient;
    buckets: number[];
    onWake: (wake: Wake) => void;
    onJoined: () => void;
  }) {
    this.#database = options.database;
    this.#buckets = options.buckets;
    this.#onWake = options.onWake;
    this.#onJoined = options.onJoined;
  }

  get isJoined(): boolean {
    return this.#joined.size === this.#buckets.length;
  }

  /** Connects, once; the client connects again by itself whenever it loses its connection. */
  async start(): Promise<void> {
    this.#starting ??= this.#subscribe();
    await this.#starting;
  }

  async #subscribe(): Promise<void> {
    // Without this the first join carries no token, and a private channel refuses it.
    await this.#database.realtime.setAuth();
    for (const bucket of this.#buckets) {
      this.#database
        .channel(`hub:${bucket}`, { config: { private: true } })
        .on("broadcast", { event: "wake" }, ({ payload }) => {
          const wake = wakeSchema.safeParse(payload);
          if (wake.success) this.#onWake(wake.data);
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
