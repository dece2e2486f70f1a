import { open } from "node:fs/promises";
import { imageSize } from "image-size";
import type { Log } from "../../log/log.ts";
import type { Ffmpeg } from "./ffmpeg.ts";

export interface Picture {
  width: number | null;
  height: number | null;
  /** A small JPEG, shown until the file itself is there; null when none could be made. */
  thumbnail: Buffer | null;
}

const thumbnailWidth = 72;
const headBytes = 512 * 1024;
/** Of an image to make a thumbnail of: a small file may be a huge picture. */
const maxPixels = 100_000_000;

/** The size and a thumbnail of an image. Never throws: a message goes without them. */
export async function readImage(path: string, log: Log): Promise<Picture> {
  const size = await imageSizeOf(path).catch(() => undefined);
  return {
    width: size?.width ?? null,
    height: size?.height ?? null,
    thumbnail: await imageThumbnail(path, log),
  };
}

/** A frame of a video, when the machine has ffmpeg. Never throws. */
export async function readVideo(
  path: string,
  { ffmpeg, log }: { ffmpeg: Ffmpeg | undefined; log: Log },
): Promise<Picture> {
  const none = { width: null, height: null, thumbnail: null };
  if (ffmpeg === undefined) return none;
  try {
    const frame = (width: string) =>
      ffmpeg.run(
        ["-i", path, "-frames:v", "1", "-vf", `scale=${width}:-2`, "-f", "mjpeg", "pipe:1"],
        { maxBytes: 8_000_000, timeoutMs: 15_000 },
      );
    const { width, height } = imageSize(await frame("iw"));
    return { width, height, thumbnail: await frame(String(thumbnailWidth)) };
  } catch (error) {
    log.info({ event: "thumbnail_failed", err: error }, "could not read a frame of a video");
    return none;
  }
}

async function imageSizeOf(path: string): Promise<{ width: number; height: number }> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    const { width, height, orientation = 1 } = imageSize(buffer.subarray(0, bytesRead));
    // Orientations from 5 on are turned by 90 degrees when they are shown.
    return orientation >= 5 ? { width: height, height: width } : { width, height };
  } finally {
    await handle.close();
  }
}

async function imageThumbnail(path: string, log: Log): Promise<Buffer | null> {
  try {
    // Optional: sharp has no build for some platforms.
    const { default: sharp } = await import("sharp");
    sharp.cache(false);
    sharp.concurrency(1);
    return await sharp(path, { limitInputPixels: maxPixels, sequentialRead: true })
      .rotate()
      .resize(thumbnailWidth)
      .flatten({ background: "#ffffff" })
      .jpeg({ quality: 50 })
      .toBuffer();
  } catch (error) {
    log.info({ event: "thumbnail_failed", err: error }, "could not make a thumbnail");
    return null;
  }
}
