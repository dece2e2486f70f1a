import type { BinaryNode } from "@whiskeysockets/baileys";
import type { MessageItem } from "../write/write.ts";
import { chatOf, type Identity, identityOf, samePerson } from "./identity.ts";
import { readContent } from "./content.ts";
import { pendingMedia } from "./incoming-media.ts";

/** The event of a message waits for a file of up to this size. */
const smallFileBytes = 5_000_000;

export interface DecryptedMessage {
  stanza: BinaryNode;
  plaintext: Uint8Array;
  me: Identity;
  /** Adds the other identity of a person when it is known. */
  complete: (identity: Identity) => Promise<Identity>;
}

/** What to store of a decrypted message; undefined when no user would see it. */
export async function readMessageStanza(
  decrypted: DecryptedMessage,
): Promise<MessageItem | undefined> {
  const { attrs } = decrypted.stanza;
  const { id, from } = attrs;
  if (id === undefined || from === undefined || attrs["category"] === "peer") return undefined;
  if (from === "status@broadcast" || from.endsWith("@newsletter")) return undefined;
  const content = readContent(decrypted.plaintext);
  if (content === undefined) return undefined;

  const isGroup = from.endsWith("@g.us");
  const author = identityOf(
    attrs["participant"] ?? from,
    attrs["participant_pn"],
    attrs["participant_lid"],
    attrs["sender_pn"],
    attrs["sender_lid"],
  );
  const mine = samePerson(author, decrypted.me);
  const other = mine
    ? identityOf(
        attrs["recipient"] ?? content.sentTo,
        attrs["recipient_pn"],
        attrs["recipient_lid"],
        attrs["peer_recipient_pn"],
        attrs["peer_recipient_lid"],
      )
    : author;
  const person = await decrypted.complete(isGroup ? author : other);
  const chat = isGroup ? from : chatOf(person);
  if (chat === undefined) return undefined;

  const media = content.content === null ? undefined : pendingMedia(content.content);
  return {
    kind: "message",
    direction: mine ? "out" : "in",
    wa_message_id: id,
    chat_id: chat,
    ...(isGroup && mine ? { phone: null, lid: null } : person),
    participant: isGroup ? (chatOf(person) ?? null) : null,
    type: content.type,
    text: content.text,
    content: content.content,
    ...(media === undefined
      ? {}
      : {
          media,
          wait_for_media: media.status === "pending" && (media.size ?? 0) <= smallFileBytes,
        }),
    sent_at: timeOf(attrs["t"]),
  };
}

/** The ISO time of a stanza's Unix seconds. */
export function timeOf(seconds: string | undefined): string | null {
  const value = Number(seconds);
  return Number.isFinite(value) && value > 0 ? new Date(value * 1000).toISOString() : null;
}
