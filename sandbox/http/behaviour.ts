import type { Hono } from "hono";
import { z } from "zod";
import type { Network } from "../network.ts";
import { phoneOf, readBody } from "./input.ts";
import { phoneShape } from "./shapes.ts";

const body = z.strictObject({
  online: z.boolean().optional(),
  autoRead: z.boolean().optional(),
  autoReply: z.string().min(1).nullable().optional(),
});

/** Fields that are left out stay as they are; `autoReply: null` ends the replies. */
export function behaviour(app: Hono, network: Network): void {
  app.post("/phones/:phone/behaviour", async (c) => {
    const phone = phoneOf(c, network);
    const { online, autoRead, autoReply } = await readBody(c, body);
    const current = phone.account.behaviour;
    phone.account.behaviour = {
      online: online ?? current.online,
      autoRead: autoRead ?? current.autoRead,
      autoReply: autoReply === undefined ? current.autoReply : autoReply,
    };
    network.directory.saveAccount(phone.account);
    phone.setOnline(phone.account.behaviour.online);
    return c.json(phoneShape(phone));
  });
}
