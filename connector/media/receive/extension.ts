import type { Media } from "../../../shared/media.ts";

const byType: Record<string, string> = {
  "image/jpeg": "jpg",
  "audio/mpeg": "mp3",
  "audio/mp4": "m4a",
  "video/3gpp": "3gp",
  "video/quicktime": "mov",
  "text/plain": "txt",
};

/** The extension of a stored file: of its own name, or by its type; `bin` when neither tells. */
export function extensionOf({ file_name: name, mimetype }: Pick<Media, "file_name" | "mimetype">) {
  const named = /\.([a-z0-9]{1,10})$/i.exec(name ?? "")?.[1];
  if (named !== undefined) return named.toLowerCase();
  const type = mimetype?.split(";")[0]?.trim().toLowerCase() ?? "";
  return byType[type] ?? /^\w+\/([a-z0-9]{1,10})$/.exec(type)?.[1] ?? "bin";
}
