import type { Logger } from "pino";
import type { Database } from "../../database/database.ts";
import type { Channel } from "../channel.ts";
import type { CommittedChange } from "../stream/change-stream.ts";
import type { Relation } from "../stream/pgoutput.ts";
import { toRecord } from "./record.ts";
import {
  isAnyTable,
  matches,
  readWishes,
  toSubscription,
  type Subscription,
  type Wanted,
} from "./subscription.ts";
import { Visibility } from "./visibility.ts";

/** `postgres_changes`: who wants to hear of which tables, and what each of them may see. */
export class ChangeFeed {
  readonly #database: Database;
  readonly #log: Logger;
  readonly #visibility: Visibility;
  readonly #subscriptions = new Map<Channel, readonly Subscription[]>();
  #lastId = 0;
  // Changes are delivered in the order of their commits, though visibility takes a query.
  #tail: Promise<void> = Promise.resolve();

  constructor(database: Database, log: Logger) {
    this.#database = database;
    this.#log = log;
    this.#visibility = new Visibility(database);
  }

  /** Reads what a join asks for. */
  accept(value: unknown): Wanted[] {
    return readWishes(value, () => (this.#lastId += 1));
  }

  async subscribe(channel: Channel, wanted: readonly Wanted[]): Promise<void> {
    try {
      for (const wish of wanted) await this.#requirePublished(wish);
      this.#subscriptions.set(
        channel,
        wanted.map((wish) => toSubscription(wish, channel)),
      );
      channel.system("postgres_changes", "ok", "Subscribed to PostgreSQL");
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      channel.system("postgres_changes", "error", message);
    }
  }

  unsubscribe(channel: Channel): void {
    this.#subscriptions.delete(channel);
  }

  /** Whether anybody listens to the table: changes of others are not even decoded. */
  wants(relation: Relation): boolean {
    return this.#listeners(relation).next().done !== true;
  }

  deliver(change: CommittedChange): void {
    this.#tail = this.#tail
      .then(() => this.#deliver(change))
      .catch((error: unknown) => this.#log.error({ err: error }, "change not delivered"));
  }

  async #deliver(change: CommittedChange): Promise<void> {
    const { relation } = change;
    const typeNames = await this.#visibility.typeNames(relation);
    const complete = change.next
      ? { ...change, next: await this.#visibility.complete(relation, change.next) }
      : change;
    const visible = new Map<string, Promise<boolean>>();
    for (const subscription of this.#listeners(relation)) {
      if (!matches(subscription, complete, typeNames)) continue;
      const { token } = subscription.channel;
      const { next } = complete;
      const isVisible =
        visible.get(token.claims) ??
        (next ? this.#visibility.maySelect(token, relation, next) : Promise.resolve(true));
      visible.set(token.claims, isVisible);
      if (await isVisible) await this.#send(subscription, complete);
    }
  }

  async #send(subscription: Subscription, change: CommittedChange): Promise<void> {
    const { channel, select, id } = subscription;
    const { relation, type, next, previous } = change;
    const typeNames = await this.#visibility.typeNames(relation);
    const { primaryKey, rowSecurity } = await this.#visibility.facts(relation);
    const { role } = channel.token;
    const allowed = await this.#visibility.columns(role, relation);
    if (allowed.size === 0) return;
    const isShown = (name: string) => allowed.has(name) && (select?.includes(name) ?? true);
    const keysOnly = rowSecurity && role !== "service_role";
    const identity = new Set(
      relation.columns.filter(({ isKey }) => isKey).map((column) => column.name),
    );
    const isShownOfOld = (name: string) =>
      isShown(name) && identity.has(name) && (!keysOnly || primaryKey.includes(name));
    const old = previous ?? next;
    channel.push("postgres_changes", {
      ids: [id],
      data: {
        schema: relation.schema,
        table: relation.table,
        commit_timestamp: change.committedAt.toISOString(),
        type,
        columns: relation.columns
          .filter(({ name }) => isShown(name))
          .map(({ name, typeId }) => ({ name, type: typeNames.get(typeId) ?? "text" })),
        ...(next ? { record: toRecord(relation, next, { typeNames, isShown }) } : {}),
        ...(type === "INSERT" || !old
          ? {}
          : { old_record: toRecord(relation, old, { typeNames, isShown: isShownOfOld }) }),
        errors: null,
      },
    });
  }

  *#listeners(relation: Relation): Generator<Subscription> {
    for (const subscriptions of this.#subscriptions.values()) {
      for (const subscription of subscriptions) {
        if (subscription.schema !== relation.schema && subscription.schema !== "*") continue;
        if (isAnyTable(subscription) || subscription.table === relation.table) yield subscription;
      }
    }
  }

  async #requirePublished(wanted: Wanted): Promise<void> {
    if (isAnyTable(wanted)) return;
    const { rowCount } = await this.#database.owner.query(
      `select from pg_publication_tables
       where pubname = 'supabase_realtime' and schemaname = $1 and tablename = $2`,
      [wanted.schema, wanted.table],
    );
    if (rowCount) return;
    throw new Error(
      `Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: [event: ${wanted.event}, schema: ${wanted.schema}, table: ${wanted.table}, filters: [${wanted.filter ?? ""}]]`,
    );
  }
}
