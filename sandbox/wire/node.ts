import { inflateSync } from "node:zlib";
import { decodeDecompressedBinaryNode, encodeBinaryNode } from "@whiskeysockets/baileys";
import type { BinaryNode } from "@whiskeysockets/baileys";
import * as dictionary from "@whiskeysockets/baileys/lib/WABinary/constants.js";

export { encodeBinaryNode as encodeNode };
export type { BinaryNode };

/** A node from its wire form: one flag byte (2: deflated), then tokens. Synchronous, so order is kept. */
export function decodeNode(bytes: Buffer): BinaryNode {
  const compressed = ((bytes[0] ?? 0) & 2) !== 0;
  const body = bytes.subarray(1);
  return decodeDecompressedBinaryNode(compressed ? inflateSync(body) : body, dictionary);
}

type Attributes = Record<string, string | undefined>;

/** Builds a node; attributes that are undefined are left out. */
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

export function children(parent: BinaryNode | undefined, tag?: string): BinaryNode[] {
  const content = parent?.content;
  if (!Array.isArray(content)) return [];
  return tag === undefined ? content : content.filter((child) => child.tag === tag);
}

export function child(parent: BinaryNode | undefined, tag: string): BinaryNode | undefined {
  const content = parent?.content;
  return Array.isArray(content) ? content.find((entry) => entry.tag === tag) : undefined;
}

/** The node's content as bytes; short texts arrive as strings because of the token dictionary. */
export function bytesOf(parent: BinaryNode | undefined): Buffer | undefined {
  const content = parent?.content;
  if (typeof content === "string") return Buffer.from(content);
  return content instanceof Uint8Array ? Buffer.from(content) : undefined;
}

export function textOf(parent: BinaryNode | undefined): string | undefined {
  return bytesOf(parent)?.toString("utf8");
}

/** A big-endian number, as WhatsApp writes key and registration ids. */
export function numberOf(parent: BinaryNode | undefined): number | undefined {
  const bytes = bytesOf(parent);
  return bytes && bytes.length > 0 && bytes.length <= 4
    ? bytes.readUIntBE(0, bytes.length)
    : undefined;
}
