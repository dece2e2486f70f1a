import { z } from "zod";
import type { Channel } from "../channel.ts";
import type { Payload } from "../frame.ts";
import type { Change } from "../stream/pgoutput.ts";
import { parseChangeFilters, passes, type ChangeFilter } from "./change-filter.ts";
import type { TypeNames } from "./record.ts";

const Wish = z.object({
  event: z.string().default("*"),
  schema: z.string().default("public"),
  table: z.string().optional(),
  filter: z.string().optional(),
  select: z.array(z.string()).optional(),
});

/** One entry of `postgres_changes` that a client asked for, and what it is answered. */
export type Wanted = z.infer<typeof Wish> & { readonly id: number; readonly answer: Payload };

export type Subscription = Wanted & {
  readonly channel: Channel;
  readonly filters: readonly ChangeFilter[];
};

export function readWishes(value: unknown, nextId: () => number): Wanted[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    const wish = Wish.safeParse(entry);
    if (!wish.success) return [];
    const id = nextId();
    // The client compares these with what it asked for: they go back as they came.
    return [{ ...wish.data, id, answer: { ...Object(entry), id } }];
  });
}

/** @throws when the filter cannot be read. */
export function toSubscription(wanted: Wanted, channel: Channel): Subscription {
  return {
    ...wanted,
    channel,
    filters: wanted.filter ? parseChangeFilters(wanted.filter) : [],
  };
}

export function isAnyTable(wanted: Wanted): boolean {
  return wanted.table === undefined || wanted.table === "*";
}

/** Whether the change is of the kind, and passes the filters, that were asked for. */
export function matches(subscription: Subscription, change: Change, typeNames: TypeNames): boolean {
  if (subscription.event !== "*" && subscription.event.toUpperCase() !== change.type) return false;
  const tuple = change.next ?? change.previous;
  return subscription.filters.every((filter) => {
    const index = change.relation.columns.findIndex(({ name }) => name === filter.column);
    const type = typeNames.get(change.relation.columns[index]?.typeId ?? 0) ?? "text";
    return passes(filter, tuple?.[index] ?? null, type);
  });
}
