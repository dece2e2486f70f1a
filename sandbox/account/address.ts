import { jidDecode, jidEncode, S_WHATSAPP_NET } from "@whiskeysockets/baileys";
import type { Account, Device } from "./account.ts";

/** The two address spaces for users: phone number (PN) and LID, which hides the number. */
export type Addressing = "pn" | "lid";

/** The server's own jid, the sender of IQ results and notifications. */
export const serverJid = S_WHATSAPP_NET;

export interface Address {
  user: string;
  device: number;
  addressing: Addressing;
}

/** Parses a user or device jid; undefined for groups, broadcasts and malformed jids. */
export function parseAddress(jid: string | undefined): Address | undefined {
  const decoded = jid ? jidDecode(jid) : undefined;
  if (!decoded?.user) return undefined;
  const { user, device = 0, server } = decoded;
  if (server === "s.whatsapp.net" || server === "c.us") return { user, device, addressing: "pn" };
  if (server === "lid") return { user, device, addressing: "lid" };
  return undefined;
}

/** The account's user jid, without a device. */
export function accountJid(account: Account, addressing: Addressing): string {
  return addressing === "lid"
    ? jidEncode(account.lid, "lid")
    : jidEncode(account.phone, "s.whatsapp.net");
}

/** A device's jid. For the phone, device 0, it equals the account's jid. */
export function deviceJid(device: Device, addressing: Addressing): string {
  return addressing === "lid"
    ? jidEncode(device.account.lid, "lid", device.id)
    : jidEncode(device.account.phone, "s.whatsapp.net", device.id);
}
