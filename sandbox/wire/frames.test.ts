import { NOISE_WA_HEADER } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import { FrameReader, joinFrames } from "./frames.ts";

const frames = [Buffer.from("one"), Buffer.from("two"), Buffer.alloc(70_000, 3)];
const routing = Buffer.concat([Buffer.from("ED"), Buffer.from([0, 1, 0, 0, 4]), Buffer.alloc(4)]);

test.each([
  ["the plain header", NOISE_WA_HEADER],
  ["routing info before the header", Buffer.concat([routing, NOISE_WA_HEADER])],
])("frames are read after %s, wherever the stream is split", (_, header) => {
  const stream = Buffer.concat([header, joinFrames(frames)]);
  for (const size of [1, 7, 4096, stream.length]) {
    const reader = new FrameReader();
    const found: Buffer[] = [];
    for (let start = 0; start < stream.length; start += size) {
      found.push(...reader.push(stream.subarray(start, start + size)));
    }
    expect(found.map(({ length }) => length)).toEqual([3, 3, 70_000]);
    expect(Buffer.concat(found).equals(Buffer.concat(frames))).toBe(true);
  }
});

test("another protocol is refused", () => {
  expect(() => new FrameReader().push(Buffer.from("GET / HTTP/1.1"))).toThrow("unknown header");
});
