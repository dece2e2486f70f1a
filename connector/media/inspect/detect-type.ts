import { fileTypeFromFile } from "file-type";
import type { MediaKind } from "../../../shared/media.ts";
import { invalidField } from "../media-error.ts";

export interface FileType {
  mimetype: string;
  extension: string;
}

/** What WhatsApp shows as each kind, by the type that file-type finds. */
const accepted: Record<Exclude<MediaKind, "document">, { types: RegExp; names: string }> = {
  image: { types: /^image\/(jpeg|png|webp)$/, names: "a JPEG, PNG or WebP image" },
  video: { types: /^video\/(mp4|3gpp|quicktime)$/, names: "an MP4, 3GP or QuickTime video" },
  audio: {
    types: /^(audio\/(mpeg|mp4|aac|amr|ogg|x-m4a|wav|flac)|video\/mp4)$/,
    names: "an MP3, M4A, AAC, AMR, Ogg, WAV or FLAC audio",
  },
  sticker: { types: /^image\/webp$/, names: "a WebP image" },
};

/**
 * Finds the type of a file from its bytes. For a document whose bytes show none, such as a text, it is
 * what the caller says. Throws an ApiError when a file is not of the kind.
 */
export async function detectType(
  path: string,
  request: {
    field: string;
    kind: MediaKind;
    mimetype: string | undefined;
    fileName: string | undefined;
  },
): Promise<FileType> {
  const { field, kind } = request;
  const found = await fileTypeFromFile(path);
  if (kind === "document") {
    const named = /\.([A-Za-z0-9]{1,10})$/.exec(request.fileName ?? "")?.[1]?.toLowerCase();
    return {
      mimetype: plainType(found?.mime) ?? request.mimetype ?? "application/octet-stream",
      extension: named ?? found?.ext ?? "bin",
    };
  }
  const { types, names } = accepted[kind];
  const mimetype = plainType(found?.mime);
  if (found === undefined || mimetype === undefined || !types.test(mimetype)) {
    const what = mimetype === undefined ? "of an unknown type" : mimetype;
    throw invalidField(
      field,
      `The file is ${what}, but must be ${names}. Send other files with send-document.`,
    );
  }
  if (kind === "audio" && mimetype === "video/mp4")
    return { mimetype: "audio/mp4", extension: "m4a" };
  if (mimetype === "audio/x-m4a") return { mimetype: "audio/mp4", extension: "m4a" };
  return {
    mimetype: isOpus(found.mime) ? "audio/ogg; codecs=opus" : mimetype,
    extension: found.ext,
  };
}

/** The type without its parameters. */
function plainType(mime: string | undefined): string | undefined {
  return mime?.split(";")[0]?.trim();
}

function isOpus(mime: string): boolean {
  return /^audio\/ogg;.*opus/.test(mime);
}
