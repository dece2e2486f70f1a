import { randomBytes } from "node:crypto";
import { encode } from "fast-png";
import { until } from "./api.ts";
import type { Phone } from "./phone.ts";

/** A PNG of noise: about three bytes for each pixel. */
export function png(width: number, height: number): Buffer {
  const data = randomBytes(width * height * 3);
  return Buffer.from(encode({ width, height, data: new Uint8Array(data), channels: 3, depth: 8 }));
}

/** A file as a phone has it. */
export interface ReceivedFile {
  id: string;
  type: string;
  mimetype: string | null;
  caption: string | null;
  fileName: string | null;
  voice: boolean;
  seconds: number | null;
  width: number | null;
  height: number | null;
  waveform: string | null;
  jpegThumbnail: string | null;
  mediaError: string | null;
  bytes: Buffer;
}

/** Waits until a phone has the file of this message. */
export async function fileOn(phone: Phone, waMessageId: string | null): Promise<ReceivedFile> {
  const { body } = await until(
    () => phone.get<{ data: ReceivedFile[] }>("/messages"),
    (answer) => answer.body.data.some(({ id }) => id === waMessageId),
  );
  const message = body.data.find(({ id }) => id === waMessageId);
  if (message === undefined) throw new Error("The message is gone");
  const response = await fetch(`${phone.url}/messages/${message.id}/media`);
  if (!response.ok) throw new Error(`No file: ${response.status} ${await response.text()}`);
  return { ...message, bytes: Buffer.from(await response.arrayBuffer()) };
}

/** A WebP image of one pixel, without loss. */
export const webp = Buffer.from(
  "524946461a000000574542505650384c0d0000002f00000010071011118888fe0700",
  "hex",
);

/** The boxes of an MP4 video, without tracks: its picture is noise. */
export function mp4(bytes = 20_000): Buffer {
  return Buffer.concat([
    box("ftyp", Buffer.from("isom\0\0\x02\0isomiso2mp41", "latin1")),
    box("moov", box("mvhd", Buffer.alloc(100))),
    box("mdat", randomBytes(bytes)),
  ]);
}

function box(type: string, content: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + content.length);
  header.write(type, 4, "latin1");
  return Buffer.concat([header, content]);
}

const packetsPerSecond = 50;

/** Opus in Ogg, as phones record voice messages. */
export function oggOpus(seconds: number): Buffer {
  const head = Buffer.concat([Buffer.from("OpusHead\x01\x01", "latin1"), Buffer.alloc(9)]);
  head.writeUInt32LE(48_000, 12);
  const tags = Buffer.concat([Buffer.from("OpusTags", "latin1"), Buffer.alloc(8)]);
  const pages = [oggPage(0, 2, 0n, [head]), oggPage(1, 0, 0n, [tags])];
  for (let second = 1; second <= seconds; second += 1) {
    const packets = Array.from({ length: packetsPerSecond }, () => randomBytes(20 * second));
    const flags = second === seconds ? 4 : 0;
    pages.push(oggPage(second + 1, flags, BigInt(second * 48_000), packets));
  }
  return Buffer.concat(pages);
}

/** Of packets under 255 bytes. */
function oggPage(sequence: number, flags: number, granule: bigint, packets: Buffer[]): Buffer {
  const header = Buffer.alloc(27);
  header.write("OggS", 0, "latin1");
  header.writeUInt8(flags, 5);
  header.writeBigInt64LE(granule, 6);
  header.writeUInt32LE(1, 14);
  header.writeUInt32LE(sequence, 18);
  header.writeUInt8(packets.length, 26);
  return Buffer.concat([header, Buffer.from(packets.map(({ length }) => length)), ...packets]);
}

/** An MP3 of silent frames. */
export function mp3(frames: number): Buffer {
  const frame = Buffer.alloc(417);
  frame.writeUInt32BE(0xff_fb_90_00);
  return Buffer.concat(Array.from({ length: frames }, () => frame));
}
