import type { Hono } from "hono";
import { z } from "zod";
import type { ApiDeps } from "./deps.ts";
import { phoneParam, readBody } from "./request.ts";
import { phoneShape } from "./response-shapes.ts";

const body = z.strictObject({
  online: z.boolean().exactOptional(),
  autoRead: z.boolean().exactOptional(),
  autoReply: z.string().min(1).nullable().exactOptional(),
  reuploads: z.boolean().exactOptional(),
  refRefresh: z.enum(["never", "afterScan"]).nullable().exactOptional(),
  companionHello: z.enum(["lenient", "strict"]).nullable().exactOptional(),
  addressing: z.strictObject({ migrated: z.boolean().nullable() }).exactOptional(),
});

/** Fields that are omitted keep their value; `autoReply: null` turns automatic replies off. */
export function setBehaviour(app: Hono, { network, phones }: ApiDeps): void {
  app.post("/phones/:phone/behaviour", async (c) => {
    const phone = phoneParam(c, phones);
    const changes = await readBody(c, body);
    phone.account.behaviour = { ...phone.account.behaviour, ...changes };
    network.accounts.saveAccount(phone.account);
    phone.setOnline(phone.account.behaviour.online);
    return c.json(phoneShape(phone));
  });
}
