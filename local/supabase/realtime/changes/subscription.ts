import { z } from "zod";
import type { Channel } from "../channel.ts";
import type { Payload } from "../frame.ts";
import type { Change } from "../stream/change.ts";
import { parseChangeFilters, passes, type ChangeFilter } from "./change-filter.ts";
import type { TypeNames } from "./record.ts";

const requestSchema = z.object({
  event: z.string().default("*"),
  schema: z.string().default("public"),
  table: z.string().optional(),
  filter: z.string().optional(),
  select: z.array(z.string()).optional(),
});

/** One entry of `postgres_changes` in a join, and the entry of the reply that confirms it. */
export type SubscriptionRequest = z.infer<typeof requestSchema> & {
  readonly id: number;
  readonly reply: Payload;
};

export type Subscription = SubscriptionRequest & {
  readonly channel: Channel;
  readonly filters: readonly ChangeFilter[];
};

export function parseSubscriptionRequests(
  value: unknown,
  nextId: () => number,
): SubscriptionRequest[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    const request = requestSchema.safeParse(entry);
    if (!request.success) return [];
    const id = nextId();
    // The client compares the reply with its request, so the entry must come back unchanged.
    return [{ ...request.data, id, reply: { ...Object(entry), id } }];
  });
}

/** @throws when the filter is malformed. */
export function toSubscription(request: SubscriptionRequest, channel: Channel): Subscription {
  return {
    ...request,
    channel,
    filters: request.filter ? parseChangeFilters(request.filter) : [],
  };
}

export function isAnyTable(request: SubscriptionRequest): boolean {
  return request.table === undefined || request.table === "*";
}

/** Whether the change is of the requested kind and passes the filters. */
export function matches(subscription: Subscription, change: Change, typeNames: TypeNames): boolean {
  if (subscription.event !== "*" && subscription.event.toUpperCase() !== change.type) return false;
  const tuple = change.next ?? change.previous;
  return subscription.filters.every((filter) => {
    const column = change.relation.columns.find(({ name }) => name === filter.column);
    const type = typeNames.get(column?.typeOid ?? 0) ?? "text";
    return passes(filter, tuple?.[filter.column] ?? null, type);
  });
}
