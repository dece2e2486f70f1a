import { expect, test } from "vitest";
import { type StreamMessage, StreamParser } from "./parse-stream.ts";

const parse = (chunks: Iterable<string>, maxLength = 1_000): Partial<StreamMessage>[] => {
  const parser = new StreamParser(maxLength);
  return [...chunks].flatMap((chunk) => parser.feed(chunk)).map(defined);
};

function defined(message: StreamMessage): Partial<StreamMessage> {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined));
}

const stream =
  'retry: 1000\nid: 41\n: connected\n\n: heartbeat\n\nid: 42\nevent: message.received\ndata: {"a":1}\n\n' +
  "id:43\ndata:one\ndata: two\ndata\n\nid: 44\ndata: cut off";
const expected = [
  { retryMs: 1000, id: "41" },
  { id: "42", event: "message.received", data: '{"a":1}' },
  { id: "43", data: "one\ntwo\n" },
];

test.each([
  ["LF", "\n"],
  ["CRLF", "\r\n"],
  ["CR", "\r"],
])("messages are the same however the text is cut, with %s", (_, lineEnd) => {
  const text = `\uFEFF${stream.replaceAll("\n", lineEnd)}`;
  for (let size = 1; size <= text.length; size++) {
    const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
      text.slice(index * size, (index + 1) * size),
    );
    expect(parse(chunks)).toEqual(expected);
  }
});

test("fields that are not valid are ignored", () => {
  expect(parse(["id: a\0b\nretry: 1x\nother: 1\n\ndata: x\n\n"])).toEqual([{ data: "x" }]);
});

test("an event, a line or a line without an end that is too long is refused, comments never pile up", () => {
  expect(() => parse([`data: ${"x".repeat(200)}\n\n`], 100)).toThrow("more than 100");
  expect(() => parse(["x".repeat(60), "x".repeat(60)], 100)).toThrow("more than 100");
  expect(() => parse(Array(20).fill("data: xxxx\n"), 100)).toThrow("more than 100");
  expect(parse(Array(50).fill(": heartbeat\n\n"), 100)).toEqual([]);
  expect(parse(Array(50).fill(": heartbeat\n"), 100)).toEqual([]);
  expect(parse(Array(50).fill("data: xxxx\n\n"), 100)).toHaveLength(50);
});

test("a long line in many chunks is parsed in linear time", () => {
  const chunk = "x".repeat(1_000);
  const chunks = ["data: ", ...Array<string>(8_000).fill(chunk), "\n\n"];
  const startedAt = performance.now();
  expect(parse(chunks, 10_000_000)[0]?.data).toHaveLength(8_000_000);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
