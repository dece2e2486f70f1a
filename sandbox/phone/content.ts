import { getContentType, normalizeMessageContent, proto } from "@whiskeysockets/baileys";

export interface Content {
  /** `text`, `image`, `reaction`, ... */
  type: string;
  text: string | null;
}

/** What the phone shows of a message; undefined for protocol messages, which it does not show. */
export function readContent(message: proto.IMessage): Content | undefined {
  const content = normalizeMessageContent(message);
  if (!content || content.protocolMessage) return undefined;
  // Baileys 6 also encodes an empty `conversation`.
  const text = content.extendedTextMessage?.text ?? content.conversation;
  if (text !== null && text !== undefined) return { type: "text", text };
  if (content.reactionMessage)
    return { type: "reaction", text: content.reactionMessage.text ?? "" };
  const kind = getContentType(content);
  if (!kind || kind === "senderKeyDistributionMessage") return undefined;
  const captioned = content.imageMessage ?? content.videoMessage ?? content.documentMessage;
  return { type: kind.replace(/Message$/, ""), text: captioned?.caption ?? null };
}

export function encodeMessage(message: proto.IMessage): Buffer {
  return Buffer.from(proto.Message.encode(message).finish());
}
