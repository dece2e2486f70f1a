import { parseFile } from "music-metadata";

/** The duration of an audio or a video in seconds; null when it is not known. Never throws. */
export async function durationOf(path: string): Promise<number | null> {
  try {
    const { format } = await parseFile(path, { duration: true, skipCovers: true });
    return format.duration === undefined ? null : Math.round(format.duration * 1000) / 1000;
  } catch {
    return null;
  }
}
