import { jidDecode, jidEncode, S_WHATSAPP_NET } from "@whiskeysockets/baileys";
import type { Account, Device } from "./account.ts";

/** The two ways to name a user: by phone number, or by LID (which hides the number). */
export type Addressing = "pn" | "lid";

/** The server itself, as the sender of answers and notifications. */
export const serverJid = S_WHATSAPP_NET;

export interface Address {
  user: string;
  device: number;
  addressing: Addressing;
}

/** A user's or device's jid taken apart; undefined for groups, broadcasts and nonsense. */
export function parseAddress(jid: string | undefined): Address | undefined {
  const decoded = jid ? jidDecode(jid) : undefined;
  if (!decoded?.user) return undefined;
  const { user, device = 0, server } = decoded;
  if (server === "s.whatsapp.net" || server === "c.us") return { user, device, addressing: "pn" };
  if (server === "lid") return { user, device, addressing: "lid" };
  return undefined;
}

export function accountJid(account: Account, addressing: Addressing): string {
  return addressing === "lid"
    ? jidEncode(account.lid, "lid")
    : jidEncode(account.phone, "s.whatsapp.net");
}

/** A device's jid; a phone, being device 0, has the jid of its account. */
export function deviceJid(device: Device, addressing: Addressing): string {
  return addressing === "lid"
    ? jidEncode(device.account.lid, "lid", device.id)
    : jidEncode(device.account.phone, "s.whatsapp.net", device.id);
}
