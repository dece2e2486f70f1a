import { jidDecode, jidEncode } from "@whiskeysockets/baileys";

/** Someone on WhatsApp under both identities, as far as they are known, without a device. */
export interface Identity {
  /** E.164 digits. */
  phone: string | null;
  /** `<digits>@lid` */
  lid: string | null;
}

export const nobody: Identity = { phone: null, lid: null };

/** Reads one or more addresses of the same person. */
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

/** One conversation is one chat, by whichever identity a message came: by phone when known. */
export function chatOf({ phone, lid }: Identity): string | undefined {
  return phone === null ? (lid ?? undefined) : jidEncode(phone, "s.whatsapp.net");
}

export function samePerson(one: Identity, other: Identity): boolean {
  return (
    (one.phone !== null && one.phone === other.phone) || (one.lid !== null && one.lid === other.lid)
  );
}
