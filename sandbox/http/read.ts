import type { Hono } from "hono";
import { z } from "zod";
import type { Network } from "../network.ts";
import { readMessages } from "../phone/read.ts";
import { unreadFrom } from "../store/messages.ts";
import { phoneNumber, phoneOf, readBody } from "./input.ts";
import { requireOnline } from "./scan.ts";

const body = z.object({ from: phoneNumber });

export function readChat(app: Hono, network: Network): void {
  app.post("/phones/:phone/read", async (c) => {
    const phone = phoneOf(c, network);
    requireOnline(phone);
    const { from } = await readBody(c, body);
    const read = await phone.run(async () =>
      readMessages(phone, unreadFrom(network.store, phone.account.phone, from)),
    );
    return c.json({ read });
  });
}
