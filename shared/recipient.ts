import { parsePhoneNumberFromString } from "libphonenumber-js/max";

/**
 * Whom a message goes to. `jid` is the address on the wire: `<digits>@s.whatsapp.net` for a
 * phone number, `<digits>@lid` for a LID (WhatsApp's number-free identity), `<id>@g.us` for a
 * group. `phone` is E.164 without the plus.
 */
export type Recipient =
  | { kind: "phone"; jid: string; phone: string }
  | { kind: "lid"; jid: string; lid: string }
  | { kind: "group"; jid: string };

/**
 * Reads a recipient as people write it: E.164, digits with separators, or a JID
 * (`@s.whatsapp.net`, `@c.us`, `@lid`, `@g.us`; a `:device` suffix is dropped).
 * Returns undefined when it is none of these or no number of that form can exist.
 */
export function parseRecipient(to: string): Recipient | undefined {
  const [user = "", server, ...rest] = to.trim().split("@");
  if (rest.length > 0) return undefined;
  switch (server) {
    case undefined:
      return fromPhone(user);
    case "s.whatsapp.net":
    case "c.us":
      return fromPhone(user.replace(/:\d+$/, ""));
    case "lid": {
      const lid = user.replace(/:\d+$/, "");
      return /^\d{5,20}$/.test(lid)
        ? { kind: "lid", jid: `${lid}@lid`, lid: `${lid}@lid` }
        : undefined;
    }
    case "g.us":
      return /^\d{5,25}(-\d{5,15})?$/.test(user)
        ? { kind: "group", jid: `${user}@g.us` }
        : undefined;
    default:
      return undefined;
  }
}

/**
 * E.164 digits without the plus of a number written in any usual way, country code first.
 * Returns undefined when no such number can exist. Lengths are checked, number ranges are not:
 * new ranges appear faster than their lists, and WhatsApp itself says who is there.
 */
export function parsePhone(written: string): string | undefined {
  if (!/^\+?[\d\s().\-/]+$/.test(written)) return undefined;
  const digits = written.replaceAll(/\D/g, "").replace(/^00/, "");
  const number = parsePhoneNumberFromString(`+${digits}`);
  return number?.isPossible() === true ? number.number.slice(1) : undefined;
}

function fromPhone(written: string): Recipient | undefined {
  const phone = parsePhone(written);
  return phone === undefined ? undefined : { kind: "phone", jid: `${phone}@s.whatsapp.net`, phone };
}
