import { z } from "@hono/zod-openapi";
import type { Device } from "../account/account.ts";
import type { Phone } from "../phone/phone.ts";

const addressing = z.strictObject({ migrated: z.boolean().nullable() }).openapi({
  description: "The address space of the account's direct chats; null: both are accepted",
});

const companionHello = z.enum(["lenient", "strict"]);

export const networkBehaviourSchema = z
  .strictObject({
    refRefresh: z.enum(["never", "onConnect", "afterScan"]),
    companionHello,
    addressing,
  })
  .openapi("NetworkBehaviour");

export const behaviourSchema = z
  .strictObject({
    online: z.boolean(),
    autoRead: z.boolean(),
    autoReply: z.string().min(1).nullable(),
    reuploads: z.boolean(),
    refRefresh: z.enum(["never", "afterScan"]).nullable(),
    companionHello: companionHello.nullable(),
    addressing,
  })
  .openapi("Behaviour");

export const deviceSchema = z
  .object({
    id: z.number().int(),
    name: z.string(),
    linked_at: z.iso.datetime(),
    online: z.boolean().openapi({ description: "Whether it is connected and receives stanzas" }),
    presence: z.enum(["available", "unavailable"]),
    untyped_presences: z.number().int(),
  })
  .openapi("LinkedDevice");

export const phoneSchema = z
  .object({
    phone: z.string().openapi({ example: "393331234567" }),
    name: z.string(),
    lid: z.string().openapi({ example: "123456789012345@lid" }),
    behaviour: behaviourSchema,
    linked_devices: z.array(deviceSchema),
    created_at: z.iso.datetime(),
  })
  .openapi("Phone");

export function toPhone({ account }: Phone): z.infer<typeof phoneSchema> {
  const linked = [...account.devices.values()].filter(({ link }) => link !== null);
  return {
    phone: account.phone,
    name: account.name,
    lid: `${account.lid}@lid`,
    behaviour: account.behaviour,
    linked_devices: linked.map(toDevice),
    created_at: new Date(account.createdAt).toISOString(),
  };
}

export function toDevice(device: Device): z.infer<typeof deviceSchema> {
  const { id, link, inbox, available, untypedPresences } = device;
  return {
    id,
    name: link?.name ?? "",
    linked_at: new Date(link?.linkedAt ?? 0).toISOString(),
    online: inbox !== null,
    presence: available ? "available" : "unavailable",
    untyped_presences: untypedPresences,
  };
}
