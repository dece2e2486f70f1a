import { jidEncode } from "@whiskeysockets/baileys";
import type { Identity } from "./identity.ts";

/** What the address of a person is made of: the phone number, or the LID. */
export type AddressSpace = "phone" | "lid";

/** Undefined for groups and other addresses that are not a person's. */
export function addressSpaceOf(jid: string): AddressSpace | undefined {
  if (jid.endsWith("@s.whatsapp.net")) return "phone";
  return jid.endsWith("@lid") ? "lid" : undefined;
}

/** The address of a person in one space; undefined when it is not known. */
export function addressIn(space: AddressSpace, { phone, lid }: Identity): string | undefined {
  if (space === "lid") return lid ?? undefined;
  return phone === null ? undefined : jidEncode(phone, "s.whatsapp.net");
}

/** The error code of an ack: also given without a privacy token, and when new chats are blocked. */
const phoneRefused = "463";
export const lidRefused = "400";

/** The space to try when WhatsApp refused a message with this code; undefined when that is not why. */
export function spaceToTry(errorCode: string, address: string): AddressSpace | undefined {
  const space = addressSpaceOf(address);
  if (errorCode === phoneRefused && space === "phone") return "lid";
  return errorCode === lidRefused && space === "lid" ? "phone" : undefined;
}
