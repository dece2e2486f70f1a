import { NOISE_WA_HEADER } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import { FrameReader, joinFrames } from "./frames.ts";
import { decodeNode, encodeNode } from "./node.ts";

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

test("the header names the token dictionary, 2 or 3", () => {
  for (const version of [2, 3]) {
    const reader = new FrameReader();
    reader.push(Buffer.from([...Buffer.from("WA"), 6, version]));
    const { bytes, dictionary } = reader.header ?? {};
    expect(bytes?.at(-1)).toBe(version);
    const stanza = { tag: "message", attrs: { type: "text", to: "s.whatsapp.net" } };
    const encoded = encodeNode(stanza, dictionary);
    expect(decodeNode(encoded, dictionary)).toEqual(stanza);
  }
  expect(() => new FrameReader().push(Buffer.from("WA\x06\x04"))).toThrow("unknown header");
});

test("another protocol is refused", () => {
  expect(() => new FrameReader().push(Buffer.from("GET / HTTP/1.1"))).toThrow("unknown header");
});
