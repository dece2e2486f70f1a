/** One page of a list. */
export interface Page<Item> {
  data: Item[];
  /** Null on the last page. */
  next_cursor: string | null;
}

/**
 * A list: `await` gives its first page, `for await` all items, page after page as they are needed.
 */
export type PagePromise<Item> = Promise<Page<Item>> & AsyncIterable<Item>;

/** Reads the first page at once, and others when an iteration gets there. */
export function pages<Item>(
  readPage: (cursor: string | undefined) => Promise<Page<Item>>,
): PagePromise<Item> {
  const first = readPage(undefined);
  return Object.assign(first, {
    async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
      let page = await first;
      for (;;) {
        yield* page.data;
        if (page.next_cursor === null) return;
        page = await readPage(page.next_cursor);
      }
    },
  });
}
