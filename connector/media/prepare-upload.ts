import { type MediaFields, type MediaKind, type StoredUpload } from "../../shared/media.ts";
import type { Log } from "../log/log.ts";
import { checkComplete } from "./inspect/check-complete.ts";
import { detectType, type FileType } from "./inspect/detect-type.ts";
import { durationOf } from "./inspect/duration.ts";
import type { Ffmpeg } from "./inspect/ffmpeg.ts";
import { type Picture, readImage, readVideo } from "./inspect/picture.ts";
import { toVoice } from "./inspect/voice.ts";
import { invalidField } from "./media-error.ts";
import type { TemporaryFile } from "./temporary-file.ts";

export interface PreparedFile {
  /** The given file, or the one that it was converted to. */
  file: TemporaryFile;
  type: FileType;
  media: Pick<
    StoredUpload["media"],
    "mimetype" | "size" | "sha256" | "file_name" | "seconds" | "width" | "height" | "voice"
  >;
  thumbnail: Buffer | null;
  waveform: Uint8Array | null;
}

const nothing: Picture = { width: null, height: null, thumbnail: null };

/** Checks that a file is of its kind and whole, and reads what WhatsApp shows of it. */
export async function prepareFile(
  request: {
    field: string;
    kind: MediaKind;
    file: TemporaryFile;
    fields: MediaFields;
    fileName: string | undefined;
  },
  { ffmpeg, log }: { ffmpeg: Ffmpeg | undefined; log: Log },
): Promise<PreparedFile> {
  const { field, kind, fields, fileName } = request;
  if (request.file.size === 0)
    throw invalidField(field, "The file is empty. Send one with content.");
  const detected = await detectType(request.file.path, {
    field,
    kind,
    mimetype: fields.mimetype,
    fileName,
  });
  if (kind !== "document") {
    await checkComplete(field, { ...request.file, mimetype: detected.mimetype });
  }

  const wantsVoice = kind === "audio" && fields.voice === true;
  const { file, type, voice } = wantsVoice
    ? await toVoice(field, { file: request.file, type: detected }, ffmpeg)
    : { file: request.file, type: detected, voice: undefined };
  const picture = await readPicture(kind, file.path, { ffmpeg, log });
  const isTimed = kind === "video" || kind === "audio";
  const seconds = voice?.seconds ?? (isTimed ? await durationOf(file.path) : null);
  return {
    file,
    type,
    media: {
      mimetype: type.mimetype,
      size: file.size,
      sha256: file.sha256,
      file_name: fileName ?? null,
      seconds,
      width: picture.width,
      height: picture.height,
      voice: wantsVoice,
    },
    thumbnail: picture.thumbnail,
    waveform: voice?.waveform ?? null,
  };
}

async function readPicture(
  kind: MediaKind,
  path: string,
  deps: { ffmpeg: Ffmpeg | undefined; log: Log },
): Promise<Picture> {
  switch (kind) {
    case "image":
    case "sticker":
      return readImage(path, deps.log);
    case "video":
      return readVideo(path, deps);
    case "audio":
    case "document":
      return nothing;
  }
}
