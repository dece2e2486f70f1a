import { jidDecode, jidEncode } from "@whiskeysockets/baileys";

/** A person on WhatsApp by phone number and LID, each null when unknown. Names no device. */
export interface Identity {
  /** E.164 digits. */
  phone: string | null;
  /** `<digits>@lid` */
  lid: string | null;
}

export const nobody: Identity = { phone: null, lid: null };

/** Reads the addresses of one person. */
export function identityOf(...jids: (string | null | undefined)[]): Identity {
  const identity = { ...nobody };
  for (const jid of jids) {
    const decoded = jid ? jidDecode(jid) : undefined;
    if (decoded === undefined) continue;
    if (decoded.server === "s.whatsapp.net" || decoded.server === "hosted") {
      identity.phone ??= decoded.user;
    } else if (decoded.server === "lid" || decoded.server === "hosted.lid") {
      identity.lid ??= jidEncode(decoded.user, "lid");
    }
  }
  return identity;
}

/** The id of the chat with a person: the JID of the phone number, or the LID when it is unknown. */
export function chatOf({ phone, lid }: Identity): string | undefined {
  return phone === null ? (lid ?? undefined) : jidEncode(phone, "s.whatsapp.net");
}

export function samePerson(one: Identity, other: Identity): boolean {
  return (
    (one.phone !== null && one.phone === other.phone) || (one.lid !== null && one.lid === other.lid)
  );
}
