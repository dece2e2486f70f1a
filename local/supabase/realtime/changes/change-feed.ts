import type { Logger } from "pino";
import type { Database } from "../../database/database.ts";
import type { Channel } from "../channel.ts";
import type { Relation } from "../stream/change.ts";
import type { CommittedChange } from "../stream/change-stream.ts";
import { toRecord } from "./record.ts";
import {
  isAnyTable,
  matches,
  parseSubscriptionRequests,
  toSubscription,
  type Subscription,
  type SubscriptionRequest,
} from "./subscription.ts";
import { Visibility } from "./visibility.ts";

/** `postgres_changes`: sends each change of a table to its subscribers, as far as they may see it. */
export class ChangeFeed {
  readonly #database: Database;
  readonly #log: Logger;
  readonly #visibility: Visibility;
  readonly #subscriptions = new Map<Channel, readonly Subscription[]>();
  #lastId = 0;
  // Deliveries run one after another, because they wait for queries and must keep commit order.
  #lastDelivery: Promise<void> = Promise.resolve();

  constructor(database: Database, log: Logger) {
    this.#database = database;
    this.#log = log;
    this.#visibility = new Visibility(database);
  }

  /** Parses the subscriptions that a join asks for, and gives each an id. */
  parseRequests(value: unknown): SubscriptionRequest[] {
    return parseSubscriptionRequests(value, () => (this.#lastId += 1));
  }

  /**
   * Why changes that a join asks for would never come; undefined if they can. The hosted server
   * accepts such a join and says so afterwards, in a message that supabase-js does not show.
   */
  async refusal(requests: readonly SubscriptionRequest[]): Promise<string | undefined> {
    for (const request of requests) {
      if (!(await this.#isPublished(request))) {
        return `Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: [event: ${request.event}, schema: ${request.schema}, table: ${request.table ?? "*"}, filters: [${request.filter ?? ""}]]`;
      }
    }
    return undefined;
  }

  subscribe(channel: Channel, requests: readonly SubscriptionRequest[]): void {
    try {
      this.#subscriptions.set(
        channel,
        requests.map((request) => toSubscription(request, channel)),
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

  deliver(change: CommittedChange): void {
    this.#lastDelivery = this.#lastDelivery
      .then(() => this.#deliver(change))
      .catch((error: unknown) => this.#log.error({ err: error }, "change not delivered"));
  }

  async #deliver(change: CommittedChange): Promise<void> {
    const { relation } = change;
    if (this.#subscribers(relation).next().done === true) return;
    const typeNames = await this.#visibility.typeNames(relation);
    const complete = change.next
      ? { ...change, next: await this.#visibility.complete(relation, change.next) }
      : change;
    const visible = new Map<string, Promise<boolean>>();
    for (const subscription of this.#subscribers(relation)) {
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
    const { primaryKey, rowSecurity } = await this.#visibility.tableInfo(relation);
    const { role } = channel.token;
    const allowed = await this.#visibility.columns(role, relation);
    if (allowed.size === 0) return;
    const isShown = (name: string) => allowed.has(name) && (select?.includes(name) ?? true);
    const keysOnly = rowSecurity && role !== "service_role";
    const isShownOfOld = (name: string) =>
      isShown(name) &&
      relation.keyColumns.includes(name) &&
      (!keysOnly || primaryKey.includes(name));
    const old = previous ?? next;
    channel.push("postgres_changes", {
      ids: [id],
      data: {
        schema: relation.schema,
        table: relation.name,
        commit_timestamp: change.committedAt.toISOString(),
        type,
        columns: relation.columns
          .filter(({ name }) => isShown(name))
          .map(({ name, typeOid }) => ({ name, type: typeNames.get(typeOid) ?? "text" })),
        ...(next ? { record: toRecord(relation, next, { typeNames, isShown }) } : {}),
        ...(type === "INSERT" || !old
          ? {}
          : { old_record: toRecord(relation, old, { typeNames, isShown: isShownOfOld }) }),
        errors: null,
      },
    });
  }

  *#subscribers(relation: Relation): Generator<Subscription> {
    for (const subscriptions of this.#subscriptions.values()) {
      for (const subscription of subscriptions) {
        if (subscription.schema !== relation.schema && subscription.schema !== "*") continue;
        if (isAnyTable(subscription) || subscription.table === relation.name) yield subscription;
      }
    }
  }

  async #isPublished(request: SubscriptionRequest): Promise<boolean> {
    const { rows } = await this.#database.owner.query<{ found: boolean }>(
      `select exists (
         select from pg_publication_tables
         where pubname = 'supabase_realtime' and ($1 = '*' or schemaname = $1)
           and ($2::text is null or tablename = $2)) as found`,
      [request.schema, isAnyTable(request) ? null : request.table],
    );
    return rows[0]?.found ?? false;
  }
}
