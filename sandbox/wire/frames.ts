import { NOISE_WA_HEADER } from "@whiskeysockets/baileys";

/** What WhatsApp never exceeds in a frame; a peer that announces more is not speaking the protocol. */
const maxFrameBytes = 1 << 23;

const nothing: Buffer = Buffer.alloc(0);

/** Cuts a byte stream into frames: an intro once, then a 3-byte length before each frame. */
export class FrameReader {
  #pending: Buffer = nothing;
  #introSeen = false;

  /** The complete frames so far; throws when the stream is not WhatsApp's. */
  push(data: Buffer): Buffer[] {
    this.#pending = this.#pending.length === 0 ? data : Buffer.concat([this.#pending, data]);
    if (!this.#introSeen && !this.#readIntro()) return [];
    const frames: Buffer[] = [];
    while (this.#pending.length >= 3) {
      const size = this.#pending.readUIntBE(0, 3);
      if (size > maxFrameBytes) throw new Error("frame too large");
      if (this.#pending.length < size + 3) break;
      frames.push(this.#pending.subarray(3, size + 3));
      this.#pending = this.#pending.subarray(size + 3);
    }
    // A view, however short, would keep the whole chunk alive for as long as the line is idle.
    if (this.#pending.length === 0) this.#pending = nothing;
    return frames;
  }

  /** A returning client may put its routing info first: `ED 00 01`, 3-byte length, bytes. */
  #readIntro(): boolean {
    let offset = 0;
    if (this.#pending.toString("latin1", 0, 2) === "ED") {
      if (this.#pending.length < 7) return false;
      offset = 7 + this.#pending.readUIntBE(4, 3);
    }
    const end = offset + NOISE_WA_HEADER.length;
    if (this.#pending.length < end) return false;
    if (!NOISE_WA_HEADER.equals(this.#pending.subarray(offset, end))) {
      throw new Error("unknown intro");
    }
    this.#pending = this.#pending.subarray(end);
    this.#introSeen = true;
    return true;
  }
}

/** The frames as one chunk, each behind its length. */
export function joinFrames(frames: readonly Uint8Array[]): Buffer {
  const total = frames.reduce((sum, frame) => sum + frame.length + 3, 0);
  const chunk = Buffer.allocUnsafe(total);
  let offset = 0;
  for (const frame of frames) {
    chunk.writeUIntBE(frame.length, offset, 3);
    chunk.set(frame, offset + 3);
    offset += frame.length + 3;
  }
  return chunk;
}
