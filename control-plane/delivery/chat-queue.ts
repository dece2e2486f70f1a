/**
 * A queue in which the items of one chat come out one after the other: the next one only when the
 * previous one is done. Items of other chats do not wait for it.
 */
export class ChatQueue<Item> {
  /** Items whose chat is free, oldest first. */
  #ready: { chat: string; item: Item }[] = [];
  /** For each chat that has an item in `#ready` or under way: what waits behind it. */
  #waiting = new Map<string, Item[]>();

  add(chat: string, item: Item): void {
    const waiting = this.#waiting.get(chat);
    if (waiting !== undefined) {
      waiting.push(item);
      return;
    }
    this.#waiting.set(chat, []);
    this.#ready.push({ chat, item });
  }

  /** Takes the next item whose chat is free. Its chat is busy until `done`. */
  next(): { chat: string; item: Item } | undefined {
    return this.#ready.shift();
  }

  done(chat: string): void {
    const waiting = this.#waiting.get(chat);
    if (waiting === undefined) return;
    const item = waiting.shift();
    if (item === undefined) this.#waiting.delete(chat);
    else this.#ready.push({ chat, item });
  }

  /** Removes everything that is not under way. Chats with an item under way stay busy. */
  clear(): void {
    for (const { chat } of this.#ready) this.#waiting.delete(chat);
    this.#ready = [];
    for (const waiting of this.#waiting.values()) waiting.length = 0;
  }
}
