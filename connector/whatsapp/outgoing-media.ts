import { rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import { encryptedStream, proto, type WASocket } from "@whiskeysockets/baileys";
import type { StoredUpload } from "../../shared/media.ts";
import { decodeContent } from "./content.ts";
import { type FileMessage, fileOf } from "./file-message.ts";

const uploadTimeoutMs = 60_000;

/** The encoded message of a file that is not yet uploaded to WhatsApp: all but its address and keys. */
export function encodeMedia(upload: StoredUpload): Uint8Array {
  return proto.Message.encode(messageOf(upload)).finish();
}

function messageOf({ kind, media, caption, thumbnail, waveform }: StoredUpload): proto.IMessage {
  const file = {
    mimetype: media.mimetype,
    fileLength: media.size,
    fileSha256: media.sha256 === null ? null : Buffer.from(media.sha256, "hex"),
  };
  const size = { width: media.width, height: media.height };
  const picture = {
    ...size,
    caption,
    jpegThumbnail: thumbnail === null ? null : Buffer.from(thumbnail, "base64"),
  };
  const seconds = media.seconds === null ? null : Math.max(1, Math.round(media.seconds));
  switch (kind) {
    case "image":
      return { imageMessage: { ...file, ...picture } };
    case "video":
      return { videoMessage: { ...file, ...picture, seconds } };
    case "audio":
      return {
        audioMessage: {
          ...file,
          seconds,
          ptt: media.voice,
          waveform: waveform === null ? null : Buffer.from(waveform, "base64"),
        },
      };
    case "document": {
      const name = media.file_name ?? "file";
      return { documentMessage: { ...file, fileName: name, title: name, caption } };
    }
    case "sticker":
      return { stickerMessage: { ...file, ...size } };
  }
}

/** Whether this is the content of a file that has still to be uploaded to WhatsApp. */
export function needsUpload(content: string): boolean {
  const found = fileOf(decodeContent(content));
  return found !== undefined && !found.file.directPath;
}

/**
 * Encrypts a file, uploads it to WhatsApp, and returns the content with its address and keys. The file
 * passes through in pieces; its encrypted copy is on the disk while it is uploaded.
 */
export async function uploadMedia(
  socket: WASocket,
  content: string,
  openFile: () => Promise<Readable>,
): Promise<string> {
  const message = decodeContent(content);
  const found = fileOf(message);
  if (found === undefined) throw new Error("The message has no file");
  const encrypted = await encryptedStream({ stream: await openFile() }, found.mediaType);
  try {
    const expected = found.file.fileSha256;
    if (expected && !Buffer.from(expected).equals(encrypted.fileSha256)) {
      throw new Error("The stored file is not the one that was to be sent");
    }
    const { mediaUrl, directPath } = await socket.waUploadToServer(encrypted.encFilePath, {
      mediaType: found.mediaType,
      fileEncSha256B64: encrypted.fileEncSha256.toString("base64"),
      timeoutMs: uploadTimeoutMs,
    });
    const address: Partial<FileMessage> = {
      url: mediaUrl,
      directPath,
      mediaKey: encrypted.mediaKey,
      fileSha256: encrypted.fileSha256,
      fileEncSha256: encrypted.fileEncSha256,
      fileLength: encrypted.fileLength,
      mediaKeyTimestamp: Math.floor(Date.now() / 1000),
    };
    Object.assign(found.file, address);
    return Buffer.from(proto.Message.encode(message).finish()).toString("base64");
  } finally {
    await rm(encrypted.encFilePath, { force: true });
  }
}
