import { createReadStream } from "node:fs";

const granulesPerSecond = 48_000;
const barCount = 64;
const headerLength = 27;

/** Duration and shape of a voice message. */
export interface Voice {
  seconds: number;
  /** 64 amplitudes from 0 to 100. */
  waveform: Uint8Array;
}

/**
 * Reads the pages of an Ogg file with Opus (RFC 7845). The waveform comes from the sizes of its
 * packets: at a variable bit rate a loud moment takes more bytes than a silent one.
 */
export async function readOpus(path: string): Promise<Voice> {
  const sizes: number[] = [];
  let lastGranule = 0;
  let pending = Buffer.alloc(0);
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    pending = Buffer.concat([pending, chunk]);
    if (pending.length >= headerLength && !isPage(pending)) break; // Damaged: what came before counts.
    for (;;) {
      const page = readPage(pending);
      if (page === undefined) break;
      if (page.granule > 0) {
        lastGranule = page.granule;
        sizes.push(...page.packetSizes);
      }
      pending = pending.subarray(page.length);
    }
  }
  return { seconds: lastGranule / granulesPerSecond, waveform: barsOf(sizes) };
}

function isPage(bytes: Buffer): boolean {
  return bytes.toString("latin1", 0, 4) === "OggS";
}

function readPage(
  bytes: Buffer,
): { length: number; granule: number; packetSizes: number[] } | undefined {
  if (bytes.length < headerLength || !isPage(bytes)) return undefined;
  const segmentCount = bytes[26] ?? 0;
  const segments = bytes.subarray(headerLength, headerLength + segmentCount);
  const length = headerLength + segmentCount + segments.reduce((sum, size) => sum + size, 0);
  if (segments.length < segmentCount || bytes.length < length) return undefined;
  const packetSizes: number[] = [];
  let size = 0;
  for (const segment of segments) {
    size += segment;
    if (segment === 255) continue; // The packet goes on.
    packetSizes.push(size);
    size = 0;
  }
  return { length, granule: Number(bytes.readBigInt64LE(6)), packetSizes };
}

/** The mean of each of 64 equal parts, scaled so that the largest is 100. */
export function barsOf(values: readonly number[]): Uint8Array {
  const means = Array.from({ length: barCount }, (_, bar) => {
    const from = Math.floor((bar * values.length) / barCount);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * values.length) / barCount));
    const part = values.slice(from, to);
    return part.reduce((sum, value) => sum + value, 0) / Math.max(1, part.length);
  });
  const largest = Math.max(...means);
  return Uint8Array.from(means, (mean) => (largest === 0 ? 0 : Math.round((100 * mean) / largest)));
}
