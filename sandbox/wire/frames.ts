import { NOISE_WA_HEADER } from "@whiskeysockets/baileys";
import { type Dictionary, dictionaryOf } from "./dictionary.ts";

/** Larger frames are refused; WhatsApp's are smaller. */
const maxFrameBytes = 1 << 23;

const nothing: Buffer = Buffer.alloc(0);

/** The protocol and its version; the byte after it is the version of the token dictionary. */
const protocol = NOISE_WA_HEADER.subarray(0, 3);
const headerBytes = 4;

/** What a client says before its first frame. */
export interface ClientHeader {
  /** Part of what the handshake authenticates. */
  bytes: Buffer;
  dictionary: Dictionary;
}

/** Splits a byte stream into frames: a header once, then frames, each after its 3-byte length. */
export class FrameReader {
  #pending: Buffer = nothing;
  #header: ClientHeader | undefined;

  /** Undefined until it was received. */
  get header(): ClientHeader | undefined {
    return this.#header;
  }

  /** Adds received bytes and returns the frames they complete. Throws if it is another protocol. */
  push(data: Buffer): Buffer[] {
    this.#pending = this.#pending.length === 0 ? data : Buffer.concat([this.#pending, data]);
    if (!this.#header && !this.#readHeader()) return [];
    const frames: Buffer[] = [];
    while (this.#pending.length >= 3) {
      const size = this.#pending.readUIntBE(0, 3);
      if (size > maxFrameBytes) throw new Error("frame too large");
      if (this.#pending.length < size + 3) break;
      frames.push(this.#pending.subarray(3, size + 3));
      this.#pending = this.#pending.subarray(size + 3);
    }
    // Even an empty view would keep the whole chunk in memory while the connection is idle.
    if (this.#pending.length === 0) this.#pending = nothing;
    return frames;
  }

  /** The header may follow routing info: `ED 00 01`, a 3-byte length, bytes. */
  #readHeader(): boolean {
    let offset = 0;
    if (this.#pending.toString("latin1", 0, 2) === "ED") {
      if (this.#pending.length < 7) return false;
      offset = 7 + this.#pending.readUIntBE(4, 3);
    }
    const end = offset + headerBytes;
    if (this.#pending.length < end) return false;
    const bytes = Buffer.from(this.#pending.subarray(offset, end));
    const dictionary = dictionaryOf(bytes.at(-1) ?? 0);
    if (!protocol.equals(bytes.subarray(0, -1)) || !dictionary) throw new Error("unknown header");
    this.#pending = this.#pending.subarray(end);
    this.#header = { bytes, dictionary };
    return true;
  }
}

/** Concatenates frames, each after its 3-byte length. */
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
