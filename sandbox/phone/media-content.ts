import { normalizeMessageContent, type proto } from "@whiskeysockets/baileys";
import type { ExpectedMedia } from "../media/decrypt.ts";
import type { MediaKind } from "../media/media-kind.ts";

/** What a message says about its file, and what the phone shows with it. */
export interface MediaContent extends ExpectedMedia {
  directPath: string;
  mimetype: string | null;
  caption: string | null;
  fileName: string | null;
  /** A voice note; other audio has false, and other kinds too. */
  voice: boolean;
  seconds: number | null;
  width: number | null;
  height: number | null;
  jpegThumbnail: Uint8Array | null;
  /** 64 values from 0 to 100, the loudness of a voice note. */
  waveform: Uint8Array | null;
}

type AnyMedia = Partial<
  proto.Message.IImageMessage &
    proto.Message.IVideoMessage &
    proto.Message.IAudioMessage &
    proto.Message.IDocumentMessage &
    proto.Message.IStickerMessage
>;

/** The media of a message; undefined if it has none. */
export function readMediaContent(message: proto.IMessage): MediaContent | undefined {
  const found = findMedia(normalizeMessageContent(message));
  if (!found) return undefined;
  const [kind, media] = found;
  return {
    kind,
    directPath: media.directPath ?? "",
    mediaKey: media.mediaKey ?? new Uint8Array(32),
    size: Number(media.fileLength ?? 0),
    sha256: media.fileSha256 ?? new Uint8Array(),
    encSha256: media.fileEncSha256 ?? new Uint8Array(),
    mimetype: media.mimetype ?? null,
    caption: media.caption ?? null,
    fileName: media.fileName ?? null,
    voice: media.ptt ?? false,
    seconds: media.seconds ?? null,
    width: media.width ?? null,
    height: media.height ?? null,
    jpegThumbnail: orNull(media.jpegThumbnail ?? media.pngThumbnail),
    waveform: orNull(media.waveform),
  };
}

function findMedia(
  content: proto.IMessage | undefined,
): [kind: MediaKind, media: AnyMedia] | undefined {
  if (content?.imageMessage) return ["image", content.imageMessage];
  if (content?.videoMessage) return ["video", content.videoMessage];
  if (content?.ptvMessage) return ["video", content.ptvMessage];
  if (content?.audioMessage) return ["audio", content.audioMessage];
  if (content?.documentMessage) return ["document", content.documentMessage];
  if (content?.stickerMessage) return ["sticker", content.stickerMessage];
  return undefined;
}

/** A protobuf message that was decoded has an empty array for an absent field. */
function orNull(bytes: Uint8Array | null | undefined): Uint8Array | null {
  return bytes && bytes.length > 0 ? bytes : null;
}
