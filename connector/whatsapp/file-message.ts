import { type MediaType, normalizeMessageContent, type proto } from "@whiskeysockets/baileys";

/** The part of a message that describes its file. */
export type FileMessage =
  | proto.Message.IImageMessage
  | proto.Message.IVideoMessage
  | proto.Message.IAudioMessage
  | proto.Message.IDocumentMessage
  | proto.Message.IStickerMessage;

/** The file of a message and what WhatsApp's keys for it are derived under; undefined without one. */
export function fileOf(
  wrapped: proto.IMessage,
): { file: FileMessage; mediaType: MediaType } | undefined {
  const message = normalizeMessageContent(wrapped);
  if (!message) return undefined;
  const video = message.videoMessage ?? message.ptvMessage;
  if (message.imageMessage) return { file: message.imageMessage, mediaType: "image" };
  if (video) return { file: video, mediaType: "video" };
  if (message.audioMessage) return { file: message.audioMessage, mediaType: "audio" };
  if (message.documentMessage) return { file: message.documentMessage, mediaType: "document" };
  if (message.stickerMessage) return { file: message.stickerMessage, mediaType: "sticker" };
  return undefined;
}
