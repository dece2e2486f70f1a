import { type MediaType, proto } from "@whiskeysockets/baileys";
import type { Media } from "../../shared/media.ts";
import { decodeContent } from "./content.ts";
import { type FileMessage, fileOf } from "./file-message.ts";

/** What a received message says about its file. The sender made it up: nothing in it is trusted. */
export interface EncryptedFile {
  /** Where it is on WhatsApp's media servers, without their name. */
  directPath: string;
  mediaKey: Uint8Array;
  mediaType: MediaType;
  /** Of the decrypted file; undefined when the message does not say. */
  size: number | undefined;
  sha256: Uint8Array | undefined;
  encryptedSha256: Uint8Array | undefined;
}

const keyBytes = 32;
const typePattern = /^[\w.+-]{1,50}\/[\w.+-]{1,100}(; ?[\w.+-]{1,20}=[\w.+-]{1,50})*$/;

/** The file of a received message as the API shows it; undefined when the message has none. */
export function pendingMedia(content: string): Media | undefined {
  const message = decodeContent(content);
  const found = fileOf(message);
  if (found === undefined) return undefined;
  const { file } = found;
  const canBeFetched = encryptedFileIn(message) !== undefined;
  return {
    url: null,
    mimetype: typePattern.test(file.mimetype ?? "") ? (file.mimetype ?? null) : null,
    size: countOf(file.fileLength) ?? null,
    sha256: hexOf(file.fileSha256),
    file_name: "fileName" in file ? safeName(file.fileName) : null,
    seconds: ("seconds" in file ? countOf(file.seconds) : undefined) ?? null,
    width: ("width" in file ? countOf(file.width) : undefined) ?? null,
    height: ("height" in file ? countOf(file.height) : undefined) ?? null,
    voice: "ptt" in file && file.ptt === true,
    status: canBeFetched ? "pending" : "failed",
    error: canBeFetched
      ? null
      : {
          code: "not_available",
          message: "The sender's phone sent the message without its file. Ask for it again.",
        },
  };
}

/** Where the file of a stored message is and what it is encrypted with. */
export function encryptedFile(content: string): EncryptedFile | undefined {
  return encryptedFileIn(decodeContent(content));
}

function encryptedFileIn(message: proto.IMessage): EncryptedFile | undefined {
  const found = fileOf(message);
  if (found === undefined) return undefined;
  const { file, mediaType } = found;
  const directPath = file.directPath || pathOf(file.url);
  if (!directPath || file.mediaKey?.length !== keyBytes) return undefined;
  return {
    directPath,
    mediaKey: file.mediaKey,
    mediaType,
    size: countOf(file.fileLength),
    sha256: hashIn(file.fileSha256),
    encryptedSha256: hashIn(file.fileEncSha256),
  };
}

/** The message with the path of a file that a phone uploaded again. */
export function withDirectPath(content: string, directPath: string): string {
  const message = decodeContent(content);
  const found = fileOf(message);
  if (found === undefined) throw new Error("The message has no file");
  const address: Partial<FileMessage> = { directPath };
  Object.assign(found.file, address);
  return Buffer.from(proto.Message.encode(message).finish()).toString("base64");
}

/** Older clients send the URL alone. Its host is ignored. */
function pathOf(url: string | null | undefined): string {
  const parsed = url ? URL.parse(url) : null;
  return parsed === null ? "" : parsed.pathname + parsed.search;
}

function countOf(value: unknown): number | undefined {
  if (value === null || value === undefined) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

function hashIn(bytes: Uint8Array | null | undefined): Uint8Array | undefined {
  return bytes?.length === keyBytes ? bytes : undefined;
}

function hexOf(bytes: Uint8Array | null | undefined): string | null {
  const hash = hashIn(bytes);
  return hash === undefined ? null : Buffer.from(hash).toString("hex");
}

/** A name that is no path and that PostgreSQL can store; null when nothing is left of it. */
function safeName(name: string | null | undefined): string | null {
  const safe = (name ?? "")
    .replaceAll(/[\p{Cc}/\\]/gu, "_")
    .slice(0, 255)
    .toWellFormed();
  return safe === "" ? null : safe;
}
