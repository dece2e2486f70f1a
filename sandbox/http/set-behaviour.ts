import type { Hono } from "hono";
import { z } from "zod";
import type { ApiDeps } from "./deps.ts";
import { phoneParam, readBody } from "./request.ts";
import { phoneShape } from "./response-shapes.ts";

const body = z.strictObject({
  online: z.boolean().optional(),
  autoRead: z.boolean().optional(),
  autoReply: z.string().min(1).nullable().optional(),
});

/** Fields that are omitted keep their value; `autoReply: null` turns automatic replies off. */
export function setBehaviour(app: Hono, { network, phones }: ApiDeps): void {
  app.post("/phones/:phone/behaviour", async (c) => {
    const phone = phoneParam(c, phones);
    const { online, autoRead, autoReply } = await readBody(c, body);
    const current = phone.account.behaviour;
    phone.account.behaviour = {
      online: online ?? current.online,
      autoRead: autoRead ?? current.autoRead,
      autoReply: autoReply === undefined ? current.autoReply : autoReply,
    };
    network.accounts.saveAccount(phone.account);
    phone.setOnline(phone.account.behaviour.online);
    return c.json(phoneShape(phone));
  });
}
