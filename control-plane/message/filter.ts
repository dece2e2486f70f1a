import { z } from "@hono/zod-openapi";
import { directionSchema, messageStatusSchema } from "../../shared/message.ts";
import { parseRecipient } from "../../shared/recipient.ts";
import { pageQuery } from "../http/list.ts";

export const messageQuerySchema = z.object({
  ...pageQuery,
  chat: z
    .string()
    .max(100)
    .transform((chat, context) => {
      const recipient = parseRecipient(chat);
      if (recipient !== undefined) return recipient.jid;
      context.addIssue({ code: "custom", message: "Must be a phone number or a WhatsApp JID" });
      return z.NEVER;
    })
    .optional()
    .openapi({ type: "string", description: "The chat's phone number or JID" }),
  status: messageStatusSchema.optional(),
  direction: directionSchema.optional(),
  since: z.iso
    .datetime({ offset: true })
    .optional()
    .openapi({ description: "Messages created at or after this time" }),
  until: z.iso
    .datetime({ offset: true })
    .optional()
    .openapi({ description: "Messages created before this time" }),
  order: z.enum(["desc", "asc"]).default("desc").openapi({ description: "desc: newest first" }),
});
export type MessageQuery = z.infer<typeof messageQuerySchema>;

/** The smallest id that a message of this millisecond can have, as uuid_v7_floor() in SQL. */
export function idFloor(atMs: number): string {
  const hex = Math.max(0, atMs).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`;
}
