import { DurableObject } from "cloudflare:workers";
import type { ClaimedDelivery, DeliveryResult } from "../../shared/database.ts";
import { parseConfig } from "../config.ts";
import { unwrap } from "../database/unwrap.ts";
import { connectDatabase, type DatabaseClient } from "../database/connect.ts";
import { bucketsOf, shardOf } from "../event/bucket.ts";
import { describeError, logEvent } from "../http/log.ts";
import { deliver, type DeliveryDeps } from "./deliver.ts";
import { InFlight } from "./in-flight.ts";

const maxInFlight = 32;
/** Cloudflare lets one object wait for six responses at a time; a slow endpoint may not take all. */
const maxPerEndpoint = 4;
/** Longer than an attempt takes. A delivery whose result is not recorded by then is retried. */
const leaseMs = 60_000;
const afterFailureMs = 5_000;
/** Added to the due time, so that the database already counts the delivery as due. */
const alarmMarginMs = 5;
/** Deliveries waiting for a busy endpoint are claimed when it responds, not by the alarm. */
const minAlarmDelayMs = 1_000;
const recheckDelaysMs = [10, 100];

/**
 * Delivers the webhooks of some buckets. All its state is in Postgres: when the hub, its alarm or
 * the cron notifies it, it claims the deliveries that are due.
 */
export class WebhookDispatcher extends DurableObject {
  readonly #database: DatabaseClient;
  readonly #buckets: number[];
  readonly #deps: DeliveryDeps;
  readonly #inFlight = new InFlight(maxInFlight);
  readonly #results: DeliveryResult[] = [];
  #isClaiming = false;
  #isRecording = false;
  #notified = false;
  #recheckTimers: ReturnType<typeof setTimeout>[] = [];

  constructor(context: DurableObjectState, env: Cloudflare.Env) {
    super(context, env);
    const config = parseConfig(env);
    this.#buckets = bucketsOf(shardOf(context.id.name), config.eventHubShards);
    this.#database = connectDatabase({ url: config.supabaseUrl, key: config.supabaseKey });
    this.#deps = {
      fetch,
      now: () => Date.now(),
      random: () => Math.random(),
      allowPrivateUrls: config.allowPrivateUrls,
    };
  }

  /**
   * Starts claiming in the background. A notification can arrive before its commit is visible
   * (see TenantFeed), so this claims again a little later unless another notification follows.
   */
  notify(): void {
    this.#startClaiming();
    for (const timer of this.#recheckTimers) clearTimeout(timer);
    this.#recheckTimers = recheckDelaysMs.map((ms) => setTimeout(() => this.#startClaiming(), ms));
  }

  override async alarm(): Promise<void> {
    await this.#record();
    this.#notified = true;
    if (!this.#isClaiming) await this.#claim();
  }

  #startClaiming(): void {
    this.#notified = true;
    if (!this.#isClaiming) this.ctx.waitUntil(this.#claim());
  }

  /** Claims due deliveries until there are none, then sets the alarm for the next one. */
  async #claim(): Promise<void> {
    this.#isClaiming = true;
    try {
      while (this.#notified && this.#inFlight.free > 0) {
        this.#notified = false;
        const claimed = await unwrap(
          this.#database.rpc("claim_deliveries", {
            buckets: this.#buckets,
            max_deliveries: this.#inFlight.free,
            lease_ms: leaseMs,
            max_per_endpoint: maxPerEndpoint,
            busy_endpoints: this.#inFlight.busyEndpoints,
          }),
        );
        for (const delivery of claimed) this.ctx.waitUntil(this.#deliver(delivery));
        this.#notified ||= claimed.length > 0;
      }
      await this.#scheduleNext();
    } catch (error) {
      logEvent("warn", "webhook_claim_failed", describeError(error));
      await this.ctx.storage.setAlarm(Date.now() + afterFailureMs);
    } finally {
      this.#isClaiming = false;
    }
    // Notified after the last claim, while the alarm was being set.
    if (this.#notified && this.#inFlight.free > 0) await this.#claim();
  }

  async #scheduleNext(): Promise<void> {
    const next = await unwrap(this.#database.rpc("next_delivery_at", { buckets: this.#buckets }));
    if (next === null) return;
    const dueAt = Date.parse(next) + alarmMarginMs;
    await this.ctx.storage.setAlarm(Math.max(dueAt, Date.now() + minAlarmDelayMs));
  }

  async #deliver(delivery: ClaimedDelivery): Promise<void> {
    this.#inFlight.start(delivery.endpoint_id);
    const result = await deliver(delivery, this.#deps);
    this.#inFlight.end(delivery.endpoint_id);
    if (result.status !== "delivered") {
      logEvent("warn", "webhook_failed", {
        tenant_id: delivery.tenant_id,
        event_id: delivery.event.id,
        attempt: delivery.attempt,
        status: result.status,
        error: result.error,
      });
    }
    this.#results.push(result);
    await this.#record();
    this.#startClaiming();
  }

  /** Records the results of attempts; results that arrive meanwhile go into the next batch. */
  async #record(): Promise<void> {
    if (this.#isRecording) return;
    this.#isRecording = true;
    try {
      while (this.#results.length > 0) {
        const results = [...this.#results];
        await unwrap(this.#database.rpc("finish_deliveries", { results }));
        this.#results.splice(0, results.length);
      }
    } catch (error) {
      logEvent("warn", "webhook_record_failed", describeError(error));
      await this.ctx.storage.setAlarm(Date.now() + afterFailureMs);
    } finally {
      this.#isRecording = false;
    }
  }
}
