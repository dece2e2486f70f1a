import { expect, test } from "vitest";
import { ChatQueue } from "./chat-queue.ts";

function queueOf(...items: [chat: string, item: number][]) {
  const queue = new ChatQueue<number>();
  for (const [chat, item] of items) queue.add(chat, item);
  return queue;
}

test("the next item of a chat comes out when the previous one is done", () => {
  const queue = queueOf(["a", 1], ["a", 2], ["b", 3]);
  expect([queue.next()?.item, queue.next()?.item, queue.next()]).toEqual([1, 3, undefined]);
  queue.done("a");
  expect(queue.next()?.item).toBe(2);
  queue.done("b");
  expect(queue.next()).toBeUndefined();
});

test("an item that is added while its chat is busy waits", () => {
  const queue = queueOf(["a", 1]);
  queue.next();
  queue.add("a", 2);
  expect(queue.next()).toBeUndefined();
  queue.done("a");
  expect(queue.next()?.item).toBe(2);
});

test("a chat whose items are all done takes new ones at once", () => {
  const queue = queueOf(["a", 1]);
  queue.next();
  queue.done("a");
  queue.add("a", 2);
  expect(queue.next()?.item).toBe(2);
});

test("clear removes what is not under way, and a chat under way stays busy", () => {
  const queue = queueOf(["a", 1], ["a", 2], ["b", 3]);
  queue.next();
  queue.clear();
  expect(queue.next()).toBeUndefined();
  queue.add("a", 4);
  queue.add("b", 5);
  expect([queue.next()?.item, queue.next()]).toEqual([5, undefined]);
  queue.done("a");
  expect(queue.next()?.item).toBe(4);
});
