import { type FileHandle, open } from "node:fs/promises";
import { invalidField } from "../media-error.ts";

const tailBytes = 64 * 1024;

/** Throws an ApiError when an image or a video is cut off before its end. */
export async function checkComplete(
  field: string,
  file: { path: string; size: number; mimetype: string },
): Promise<void> {
  const handle = await open(file.path);
  try {
    if (!(await isComplete(handle, file))) {
      throw invalidField(field, "The file is cut off or damaged. Send the whole file.");
    }
  } finally {
    await handle.close();
  }
}

async function isComplete(
  handle: FileHandle,
  { size, mimetype }: { size: number; mimetype: string },
): Promise<boolean> {
  switch (mimetype) {
    case "image/jpeg":
      // The end-of-image marker; some cameras append data to it.
      return (await readTail(handle, size)).includes(Buffer.of(0xff, 0xd9));
    case "image/png":
      return (await readTail(handle, size)).includes("IEND");
    case "image/webp": {
      const head = await readAt(handle, 0, 12);
      return head.length === 12 && head.readUInt32LE(4) + 8 <= size;
    }
    case "video/mp4":
    case "video/quicktime":
    case "video/3gpp":
    case "audio/mp4":
      return hasWholeBoxes(handle, size);
    default:
      return true;
  }
}

/** Whether the boxes of an ISO media file (ISO/IEC 14496-12) fill it, and `moov` is among them. */
async function hasWholeBoxes(handle: FileHandle, size: number): Promise<boolean> {
  let hasIndex = false;
  let position = 0;
  while (position < size) {
    const header = await readAt(handle, position, 16);
    if (header.length < 8) return false;
    const type = header.toString("latin1", 4, 8);
    const short = header.readUInt32BE(0);
    if (short === 1 && header.length < 16) return false;
    const length =
      short === 0 ? size - position : short === 1 ? Number(header.readBigUInt64BE(8)) : short;
    if (length < 8) return false;
    if (type === "moov") hasIndex = true;
    position += length;
  }
  return hasIndex && position === size;
}

async function readTail(handle: FileHandle, size: number): Promise<Buffer> {
  const position = Math.max(0, size - tailBytes);
  return readAt(handle, position, Math.min(size, tailBytes));
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
