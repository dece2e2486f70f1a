import { DurableObject } from "cloudflare:workers";
import { parseConfig } from "../config.ts";
import { connectDatabase, type DatabaseClient } from "../database/connect.ts";
import { unwrap } from "../database/unwrap.ts";
import { describeError, logEvent } from "../http/log.ts";
import { CallCounter, type CounterState } from "./call-counter.ts";
import { RateWindow, type Taken, type WindowState } from "./rate-window.ts";

const saveMs = 1_000;
const flushMs = 10_000;

interface StoredState {
  tenantId: string;
  window: WindowState;
  calls: CounterState;
}

/**
 * Counts the requests of one tenant, wherever they enter; its name is the tenant's id. The count is
 * kept in memory and stored once a second, so that a request waits for no write: an object that
 * crashes forgets the last second.
 */
export class TenantLimiter extends DurableObject {
  readonly #database: DatabaseClient;
  #tenantId = "";
  #window = new RateWindow();
  #calls = new CallCounter();
  #saveTimer: ReturnType<typeof setTimeout> | undefined;
  #hasAlarm = false;

  constructor(context: DurableObjectState, env: Cloudflare.Env) {
    super(context, env);
    const config = parseConfig(env);
    this.#database = connectDatabase({ url: config.supabaseUrl, key: config.supabaseKey });
    void context.blockConcurrencyWhile(async () => {
      const stored = await context.storage.get<StoredState>("state");
      if (stored === undefined) return;
      this.#tenantId = stored.tenantId;
      this.#window = new RateWindow(stored.window);
      this.#calls = new CallCounter(stored.calls);
      this.#hasAlarm = (await context.storage.getAlarm()) !== null;
    });
  }

  take(request: { tenantId: string; limit: number }): Taken {
    const now = Date.now();
    this.#tenantId = request.tenantId;
    const taken = this.#window.take(request.limit, now);
    if (taken.isAllowed) {
      this.#calls.add(now);
      this.#saveTimer ??= setTimeout(() => this.ctx.waitUntil(this.#save()), saveMs);
      this.#wakeAt(now + flushMs);
    }
    return taken;
  }

  /** Stores the counted calls in the database. An object that has nothing left stores nothing. */
  override async alarm(): Promise<void> {
    this.#hasAlarm = false;
    await this.#flush();
    if (this.#calls.isEmpty && this.#window.isOver(Date.now())) {
      clearTimeout(this.#saveTimer ?? null);
      this.#saveTimer = undefined;
      await this.ctx.storage.deleteAll();
      return;
    }
    this.#wakeAt(Date.now() + flushMs);
    await this.#save();
  }

  async #flush(): Promise<void> {
    const batches = this.#calls.batches();
    // Stored before they are sent: after a crash the same batch is sent again, and added once.
    await this.#save();
    await this.ctx.storage.sync();
    for (const batch of batches) {
      try {
        const request = { tenant_id: this.#tenantId, ...batch };
        await unwrap(this.#database.rpc("count_api_calls", request));
        this.#calls.confirm(batch);
      } catch (error) {
        logEvent("warn", "api_calls_not_stored", describeError(error));
        return;
      }
    }
  }

  async #save(): Promise<void> {
    clearTimeout(this.#saveTimer ?? null);
    this.#saveTimer = undefined;
    const state: StoredState = {
      tenantId: this.#tenantId,
      window: this.#window.state,
      calls: this.#calls.state,
    };
    // Unconfirmed, so that no answer waits for the disk.
    await this.ctx.storage.put("state", state, { allowUnconfirmed: true });
  }

  #wakeAt(time: number): void {
    if (this.#hasAlarm) return;
    this.#hasAlarm = true;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(time, { allowUnconfirmed: true }));
  }
}
