import { DurableObject } from "cloudflare:workers";
import type { ClaimedDelivery, DeliveryResult } from "../../shared/database.ts";
import { parseConfig } from "../config.ts";
import { dataOf } from "../database/answer.ts";
import { connectDatabase, type DatabaseClient } from "../database/connect.ts";
import { bucketsOf, shardOf } from "../event/bucket.ts";
import { describeError, logEvent } from "../http/log.ts";
import { deliver, type Outside } from "./deliver.ts";
import { InFlight } from "./in-flight.ts";

const maxInFlight = 32;
/** Cloudflare lets one object wait for six answers at a time: a slow endpoint must not hold all. */
const maxPerEndpoint = 4;
/** Longer than an attempt takes: what is not recorded by then is tried again. */
const leaseMs = 60_000;
const afterFailureMs = 5_000;
/** Past the moment itself, so that the database finds it due. */
const alarmMarginMs = 5;
/** What is due but waits for its busy endpoint is taken when that one answers, not by the alarm. */
const soonestAlarmMs = 1_000;
const secondLooksMs = [10, 100];

/**
 * Delivers the webhooks of some buckets. Everything it must remember is in Postgres: whoever
 * wakes it, the hub, its alarm or the cron, makes it look there for what is due.
 */
export class WebhookDispatcher extends DurableObject {
  readonly #database: DatabaseClient;
  readonly #buckets: number[];
  readonly #outside: Outside;
  readonly #inFlight = new InFlight(maxInFlight);
  readonly #results: DeliveryResult[] = [];
  #isClaiming = false;
  #isRecording = false;
  #wasWoken = false;
  #secondLooks: ReturnType<typeof setTimeout>[] = [];

  constructor(context: DurableObjectState, env: Cloudflare.Env) {
    super(context, env);
    const config = parseConfig(env);
    this.#buckets = bucketsOf(shardOf(context.id.name), config.eventHubShards);
    this.#database = connectDatabase({ url: config.supabaseUrl, key: config.supabaseKey });
    this.#outside = {
      fetch,
      now: () => Date.now(),
      random: () => Math.random(),
      allowPrivateUrls: config.allowPrivateUrls,
    };
  }

  /**
   * Something may be due. Answers before it is delivered. A hint can be faster than the commit
   * that it tells of (see TenantFeed), so this looks again when no other hint follows.
   */
  wake(): void {
    this.#look();
    for (const timer of this.#secondLooks) clearTimeout(timer);
    this.#secondLooks = secondLooksMs.map((ms) => setTimeout(() => this.#look(), ms));
  }

  override async alarm(): Promise<void> {
    await this.#record();
    this.#wasWoken = true;
    if (!this.#isClaiming) await this.#claim();
  }

  #look(): void {
    this.#wasWoken = true;
    if (!this.#isClaiming) this.ctx.waitUntil(this.#claim());
  }

  /** Takes what is due until nothing is, and lets the alarm wait for the next. */
  async #claim(): Promise<void> {
    this.#isClaiming = true;
    try {
      while (this.#wasWoken && this.#inFlight.free > 0) {
        this.#wasWoken = false;
        const claimed = dataOf(
          await this.#database.rpc("claim_deliveries", {
            buckets: this.#buckets,
            max_deliveries: this.#inFlight.free,
            lease_ms: leaseMs,
            max_per_endpoint: maxPerEndpoint,
            busy_endpoints: this.#inFlight.busyEndpoints,
          }),
        );
        for (const delivery of claimed) this.ctx.waitUntil(this.#deliver(delivery));
        this.#wasWoken ||= claimed.length > 0;
      }
      await this.#waitForNext();
    } catch (error) {
      logEvent("warn", "webhook_claim_failed", describeError(error));
      await this.ctx.storage.setAlarm(Date.now() + afterFailureMs);
    } finally {
      this.#isClaiming = false;
    }
    // Woken after the last look, while the alarm was being set.
    if (this.#wasWoken && this.#inFlight.free > 0) await this.#claim();
  }

  async #waitForNext(): Promise<void> {
    const next = dataOf(await this.#database.rpc("next_delivery_at", { buckets: this.#buckets }));
    if (next === null) return;
    const dueAt = Date.parse(next) + alarmMarginMs;
    await this.ctx.storage.setAlarm(Math.max(dueAt, Date.now() + soonestAlarmMs));
  }

  async #deliver(delivery: ClaimedDelivery): Promise<void> {
    this.#inFlight.start(delivery.endpoint_id);
    const result = await deliver(delivery, this.#outside);
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
    this.#look();
  }

  /** Writes down how attempts ended: all that ended while the last ones were being written. */
  async #record(): Promise<void> {
    if (this.#isRecording) return;
    this.#isRecording = true;
    try {
      while (this.#results.length > 0) {
        const results = [...this.#results];
        dataOf(await this.#database.rpc("finish_deliveries", { results }));
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
