import { stat } from "node:fs/promises";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { invalidField } from "../media-error.ts";
import { removeFile, temporaryPath, type TemporaryFile } from "../temporary-file.ts";
import type { FileType } from "./detect-type.ts";
import type { Ffmpeg } from "./ffmpeg.ts";
import { barsOf, readOpus, type Voice } from "./opus.ts";

const opusType: FileType = { mimetype: "audio/ogg; codecs=opus", extension: "ogg" };
const convertTimeoutMs = 60_000;
const sampleRate = 1000;

/**
 * Makes a voice message of an audio: Opus in Ogg, which ffmpeg converts other formats to. Returns the
 * given file, or a new one, and how it sounds. Throws an ApiError when it cannot.
 */
export async function toVoice(
  field: string,
  { file, type }: { file: TemporaryFile; type: FileType },
  ffmpeg: Ffmpeg | undefined,
): Promise<{ file: TemporaryFile; type: FileType; voice: Voice }> {
  if (type.mimetype === opusType.mimetype) {
    return { file, type: opusType, voice: await readVoice(file.path, ffmpeg) };
  }
  if (ffmpeg === undefined) {
    throw invalidField(
      field,
      "A voice message must be Opus in an Ogg file, and this server has no ffmpeg to convert it. Send it as such, or without voice.",
    );
  }
  const path = temporaryPath(".ogg");
  try {
    await ffmpeg.run(
      [
        "-i",
        file.path,
        "-vn",
        "-ac",
        "1",
        "-ar",
        "48000",
        "-c:a",
        "libopus",
        "-b:a",
        "32k",
        "-f",
        "ogg",
        path,
      ],
      { maxBytes: 1000, timeoutMs: convertTimeoutMs },
    );
    const converted = { path, size: (await stat(path)).size, sha256: await hashOf(path) };
    return { file: converted, type: opusType, voice: await readVoice(path, ffmpeg) };
  } catch (cause) {
    await removeFile(path);
    throw invalidField(
      field,
      "The audio could not be converted to a voice message. Send another file.",
      cause,
    );
  }
}

async function readVoice(path: string, ffmpeg: Ffmpeg | undefined): Promise<Voice> {
  const voice = await readOpus(path);
  const samples = await ffmpeg
    ?.run(["-i", path, "-ac", "1", "-ar", String(sampleRate), "-f", "s16le", "pipe:1"], {
      maxBytes: 2 * sampleRate * 3600,
      timeoutMs: convertTimeoutMs,
    })
    .catch(() => undefined);
  if (samples === undefined) return voice;
  const amplitudes = Array.from({ length: samples.length >> 1 }, (_, index) =>
    Math.abs(samples.readInt16LE(2 * index)),
  );
  return { ...voice, waveform: barsOf(amplitudes) };
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest("hex");
}
