import { randomBytes } from "node:crypto";
import type { proto } from "@whiskeysockets/baileys";
import { encryptMedia } from "../media/encrypt.ts";
import { type MediaKind, uploadLimit } from "../media/media-kind.ts";
import { downloadAddress } from "../media/media-server.ts";
import { withoutUndefined } from "../without-undefined.ts";
import type { PhoneMessage } from "../store/messages.ts";
import type { Phone } from "./phone.ts";
import { type MessageToSend, sendMessage } from "./send.ts";

export interface MediaToSend extends Omit<MessageToSend, "content"> {
  kind: MediaKind;
  data: Buffer;
  mimetype: string;
  caption?: string | undefined;
  fileName?: string | undefined;
  /** Audio only: a voice note. */
  voice?: boolean | undefined;
  seconds?: number | undefined;
  width?: number | undefined;
  height?: number | undefined;
  jpegThumbnail?: Buffer | undefined;
  waveform?: Buffer | undefined;
}

/**
 * Encrypts and uploads a file, then sends it. The upload is not a step of the phone: it goes on
 * while the phone does other things. Throws `MediaTooLarge`.
 */
export async function sendMedia(phone: Phone, outgoing: MediaToSend): Promise<PhoneMessage> {
  const { to, addressing } = outgoing;
  const content = mediaMessage(outgoing, await uploadMedia(phone, outgoing));
  return await phone.run(() =>
    sendMessage(phone, { to, content, ...(addressing && { addressing }) }),
  );
}

type UploadedFile = Required<
  Pick<
    proto.Message.IImageMessage,
    | "url"
    | "directPath"
    | "mediaKey"
    | "mediaKeyTimestamp"
    | "fileSha256"
    | "fileEncSha256"
    | "fileLength"
  >
>;

async function uploadMedia(
  { network, account }: Phone,
  { kind, data }: MediaToSend,
): Promise<UploadedFile> {
  const mediaKey = randomBytes(32);
  const encrypted = encryptMedia(chunksOf(data), { mediaKey, kind });
  const file = await network.media.files.add({
    source: encrypted.ciphertext,
    uploader: account.phone,
    limitBytes: uploadLimit(kind),
  });
  return {
    ...downloadAddress(network.media.host, file.path),
    mediaKey,
    mediaKeyTimestamp: Math.floor(Date.now() / 1000),
    fileSha256: encrypted.sha256(),
    fileEncSha256: Buffer.from(file.encSha256, "hex"),
    fileLength: data.length,
  };
}

const chunkBytes = 256 * 1024;

/** In chunks, so that a large file does not block the event loop while it is encrypted. */
async function* chunksOf(data: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < data.length; start += chunkBytes) {
    yield data.subarray(start, start + chunkBytes);
  }
}

function mediaMessage(outgoing: MediaToSend, file: UploadedFile): proto.IMessage {
  const { kind, caption, fileName, voice, seconds, width, height, waveform } = outgoing;
  const common = { ...file, mimetype: outgoing.mimetype };
  const thumbnail = { jpegThumbnail: outgoing.jpegThumbnail };
  switch (kind) {
    case "image":
      return {
        imageMessage: withoutUndefined({ ...common, caption, width, height, ...thumbnail }),
      };
    case "video":
      return {
        videoMessage: withoutUndefined({
          ...common,
          caption,
          width,
          height,
          seconds,
          ...thumbnail,
        }),
      };
    case "audio":
      return { audioMessage: withoutUndefined({ ...common, seconds, ptt: voice, waveform }) };
    case "sticker":
      return { stickerMessage: withoutUndefined({ ...common, width, height }) };
    case "document": {
      const title = fileName;
      const documentMessage = withoutUndefined({
        ...common,
        caption,
        fileName,
        title,
        ...thumbnail,
      });
      // As phones send it: a document with a caption is wrapped.
      return caption === undefined
        ? { documentMessage }
        : { documentWithCaptionMessage: { message: { documentMessage } } };
    }
  }
}
