import { once } from "node:events";
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/** A slow transfer sends this often. */
const stepMs = 50;

/** The same bytes at this speed. With 0 none: it ends when the client gives up. */
export async function* slowly(
  chunks: AsyncIterable<Uint8Array>,
  { bytesPerSecond, client }: { bytesPerSecond: number; client: Writable },
): AsyncGenerator<Uint8Array> {
  const stepBytes = Math.max(1, Math.round((bytesPerSecond * stepMs) / 1000));
  for await (const chunk of chunks) {
    if (bytesPerSecond === 0) {
      if (!client.destroyed) await once(client, "close");
      return;
    }
    for (let start = 0; start < chunk.length && !client.destroyed; start += stepBytes) {
      yield chunk.subarray(start, start + stepBytes);
      await sleep(stepMs);
    }
  }
}

/** The same bytes, the first bit changed: the file can be decrypted, and has another hash. */
export async function* corrupted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const chunk of chunks) {
    const copy = isFirst ? Uint8Array.from(chunk) : chunk;
    if (isFirst) copy[0] = (copy[0] ?? 0) ^ 0x80;
    isFirst = false;
    yield copy;
  }
}
