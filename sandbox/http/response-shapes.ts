import { proto } from "@whiskeysockets/baileys";
import type { Device } from "../account/account.ts";
import { hasMedia } from "../phone/media-checks.ts";
import { readMediaContent } from "../phone/media-content.ts";
import type { Phone } from "../phone/phone.ts";
import type { PhoneMessage } from "../store/messages.ts";

export function phoneShape(phone: Phone) {
  const { account } = phone;
  const linked = [...account.devices.values()].filter(({ link }) => link !== null);
  return {
    phone: account.phone,
    name: account.name,
    lid: `${account.lid}@lid`,
    behaviour: account.behaviour,
    linked_devices: linked.map(deviceShape),
    created_at: new Date(account.createdAt).toISOString(),
  };
}

export function deviceShape({ id, link, inbox, available, untypedPresences }: Device) {
  return {
    id,
    name: link?.name ?? "",
    linked_at: new Date(link?.linkedAt ?? 0).toISOString(),
    // Whether it is connected and receives stanzas.
    online: inbox !== null,
    presence: available ? "available" : "unavailable",
    untyped_presences: untypedPresences,
  };
}

export function messageShape(message: PhoneMessage) {
  const { id, direction, from, to, type, text, timestamp, status, fromMeDevice, notified } =
    message;
  return {
    id,
    direction,
    from,
    to,
    type,
    text,
    timestamp: new Date(timestamp * 1000).toISOString(),
    status,
    from_me_device: fromMeDevice,
    notified,
    ...(hasMedia(message) && mediaShape(message)),
  };
}

/** `size` and `sha256` are those of the decrypted file, not those that the message says. */
function mediaShape({ media, encodedMessage }: PhoneMessage) {
  const content = readMediaContent(proto.Message.decode(encodedMessage));
  return {
    mimetype: content?.mimetype ?? null,
    size: media?.size ?? null,
    sha256: media?.sha256 ?? null,
    caption: content?.caption ?? null,
    fileName: content?.fileName ?? null,
    voice: content?.voice ?? false,
    seconds: content?.seconds ?? null,
    width: content?.width ?? null,
    height: content?.height ?? null,
    jpegThumbnail: base64OrNull(content?.jpegThumbnail),
    waveform: base64OrNull(content?.waveform),
    mediaError: media?.error ?? null,
  };
}

function base64OrNull(bytes: Uint8Array | null | undefined): string | null {
  return bytes ? Buffer.from(bytes).toString("base64") : null;
}
