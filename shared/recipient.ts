import { parsePhoneNumberFromString } from "libphonenumber-js/max";

/**
 * The recipient of a message. `jid` is its WhatsApp address: `<digits>@s.whatsapp.net` for a phone
 * number, `<digits>@lid` for a LID (an identity that hides the number), `<id>@g.us` for a group.
 * `phone` is E.164 without the plus.
 */
export type Recipient =
  | { kind: "phone"; jid: string; phone: string }
  | { kind: "lid"; jid: string; lid: string }
  | { kind: "group"; jid: string };

/**
 * Parses a recipient: E.164, digits with separators, or a JID (`@s.whatsapp.net`, `@c.us`, `@lid`,
 * `@g.us`; a `:device` suffix is dropped). Returns undefined when it is none of these or the
 * number has an impossible length.
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
 * Parses a phone number in any common notation with its country code into E.164 digits without
 * the plus. Returns undefined for impossible numbers. Only lengths are checked: new number ranges
 * appear faster than lists of them, and WhatsApp knows which numbers exist.
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
