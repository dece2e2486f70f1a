import type { Device } from "../account/account.ts";
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
  };
}
