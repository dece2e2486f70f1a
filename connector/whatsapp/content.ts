import { normalizeMessageContent, proto, unpadRandomMax16 } from "@whiskeysockets/baileys";

export function encodeText(text: string): Uint8Array {
  return proto.Message.encode({ extendedTextMessage: { text } }).finish();
}

export function decodeContent(content: string): proto.IMessage {
  return proto.Message.decode(Buffer.from(content, "base64"));
}

/** The content of a decrypted message. */
export interface ReadContent {
  type: string;
  text: string | null;
  /** The recipient, for a message that another device of our account sent. */
  sentTo: string | undefined;
  /** Base64 of the message, needed to download or quote it later; null for a text. */
  content: string | null;
}

/** Undefined when no user would see it: keys, history, app state, deletions. */
export function readContent(padded: Uint8Array): ReadContent | undefined {
  const decoded = proto.Message.decode(unpadRandomMax16(padded));
  const own = decoded.deviceSentMessage;
  const message = normalizeMessageContent(own?.message ?? decoded);
  if (!message || message.protocolMessage) return undefined;
  const kind = kindOf(message);
  if (kind === undefined) return undefined;
  return {
    type: kind.type,
    text: storable(kind.text),
    sentTo: own?.destinationJid ?? undefined,
    content:
      kind.type === "text"
        ? null
        : Buffer.from(proto.Message.encode(message).finish()).toString("base64"),
  };
}

interface Kind {
  type: string;
  text?: string | null | undefined;
}

function kindOf(message: proto.IMessage): Kind | undefined {
  if (message.conversation) return { type: "text", text: message.conversation };
  if (message.extendedTextMessage) return { type: "text", text: message.extendedTextMessage.text };
  if (message.imageMessage) return { type: "image", text: message.imageMessage.caption };
  const video = message.videoMessage ?? message.ptvMessage;
  if (video) return { type: "video", text: video.caption };
  if (message.audioMessage) return { type: "audio" };
  if (message.documentMessage) return { type: "document", text: message.documentMessage.caption };
  if (message.stickerMessage) return { type: "sticker" };
  if (message.locationMessage) return { type: "location", text: message.locationMessage.name };
  if (message.liveLocationMessage) {
    return { type: "location", text: message.liveLocationMessage.caption };
  }
  const contact = message.contactMessage ?? message.contactsArrayMessage;
  if (contact) return { type: "contact", text: contact.displayName };
  if (message.reactionMessage) return { type: "reaction", text: message.reactionMessage.text };
  const poll =
    message.pollCreationMessage ?? message.pollCreationMessageV2 ?? message.pollCreationMessageV3;
  if (poll) return { type: "poll", text: poll.name };
  const rest = Object.entries(message).filter(([name, value]) => value && !notMessages.has(name));
  return rest.length > 0 ? { type: "unknown" } : undefined;
}

/** Fields that come with a message, or alone, and are not messages themselves. */
const notMessages = new Set([
  "senderKeyDistributionMessage",
  "fastRatchetKeySenderKeyDistributionMessage",
  "messageContextInfo",
  "keepInChatMessage",
  "pollUpdateMessage",
  "encReactionMessage",
  "deviceSentMessage",
]);

/** PostgreSQL stores neither NUL nor a lone surrogate. */
function storable(text: string | null | undefined): string | null {
  return text ? text.toWellFormed().replaceAll("\0", "") : null;
}
