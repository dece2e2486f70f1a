/**
 * The items that come after one that they should come before. `placeOf` is where an item belongs;
 * the items are in the order to judge.
 */
export function findMisordered<Item>(
  items: readonly Item[],
  placeOf: (item: Item) => number,
): Item[] {
  let highest = -Infinity;
  return items.filter((item) => {
    const place = placeOf(item);
    if (place < highest) return true;
    highest = place;
    return false;
  });
}

/**
 * The items that began only after one was over that comes later in this order. Items that overlap
 * in time have no order.
 */
export function findOvertaken<Item>(
  items: readonly Item[],
  timeOf: (item: Item) => { startedAt: number; endedAt: number | undefined },
): Item[] {
  let earliestEnd = Infinity;
  return items
    .toReversed()
    .filter((item) => {
      const { startedAt, endedAt = Infinity } = timeOf(item);
      const isOvertaken = earliestEnd < startedAt;
      earliestEnd = Math.min(earliestEnd, endedAt);
      return isOvertaken;
    })
    .toReversed();
}
