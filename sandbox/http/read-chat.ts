import type { Hono } from "hono";
import { z } from "zod";
import { readMessages } from "../phone/read-messages.ts";
import { unreadFrom } from "../store/messages.ts";
import type { ApiDeps } from "./deps.ts";
import { onlinePhoneParam, phoneNumber, readBody } from "./request.ts";

const body = z.object({ from: phoneNumber });

export function readChat(app: Hono, { network, phones }: ApiDeps): void {
  app.post("/phones/:phone/read", async (c) => {
    const phone = onlinePhoneParam(c, phones);
    const { from } = await readBody(c, body);
    const read = await phone.run(async () =>
      readMessages(phone, unreadFrom(network.store, phone.account.phone, from)),
    );
    return c.json({ read });
  });
}
