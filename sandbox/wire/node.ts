import { inflateSync } from "node:zlib";
import { decodeDecompressedBinaryNode, encodeBinaryNode } from "@whiskeysockets/baileys";
import type { BinaryNode } from "@whiskeysockets/baileys";
import { type Dictionary, dictionary3 } from "./dictionary.ts";

export type { BinaryNode };

/** Encodes a node: a flag byte, then tokens. */
export function encodeNode(outgoing: BinaryNode, dictionary: Dictionary = dictionary3): Buffer {
  return encodeBinaryNode(outgoing, dictionary);
}

/**
 * Decodes a node: a flag byte (2 means deflated), then tokens. Synchronous, unlike Baileys' own
 * function, so that stanzas stay in order.
 */
export function decodeNode(bytes: Buffer, dictionary: Dictionary = dictionary3): BinaryNode {
  const compressed = ((bytes[0] ?? 0) & 2) !== 0;
  const body = bytes.subarray(1);
  return decodeDecompressedBinaryNode(compressed ? inflateSync(body) : body, dictionary);
}

type Attributes = Record<string, string | undefined>;

/** Creates a node without the attributes that are undefined. */
export function node(
  tag: string,
  attributes: Attributes = {},
  content?: BinaryNode[] | Uint8Array | string,
): BinaryNode {
  const attrs: Record<string, string> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) attrs[name] = value;
  }
  return content === undefined ? { tag, attrs } : { tag, attrs, content };
}

/** The node's children, all or those with one tag. */
export function children(parent: BinaryNode | undefined, tag?: string): BinaryNode[] {
  const content = parent?.content;
  if (!Array.isArray(content)) return [];
  return tag === undefined ? content : content.filter((child) => child.tag === tag);
}

/** The first child with this tag. */
export function child(parent: BinaryNode | undefined, tag: string): BinaryNode | undefined {
  const content = parent?.content;
  return Array.isArray(content) ? content.find((entry) => entry.tag === tag) : undefined;
}

/** The node's content as bytes. Content that is in the token dictionary is decoded as a string. */
export function bytesOf(parent: BinaryNode | undefined): Buffer | undefined {
  const content = parent?.content;
  if (typeof content === "string") return Buffer.from(content);
  return content instanceof Uint8Array ? Buffer.from(content) : undefined;
}

/** The node's content as UTF-8 text. */
export function textOf(parent: BinaryNode | undefined): string | undefined {
  return bytesOf(parent)?.toString("utf8");
}

/** The node's content as a big-endian number of up to 4 bytes, like key and registration ids. */
export function numberOf(parent: BinaryNode | undefined): number | undefined {
  const bytes = bytesOf(parent);
  return bytes && bytes.length > 0 && bytes.length <= 4
    ? bytes.readUIntBE(0, bytes.length)
    : undefined;
}
