import type { Hono } from "hono";
import { z } from "zod";
import { sendText } from "../phone/send.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { ApiDeps } from "./deps.ts";
import { onlinePhoneParam, phoneNumber, readBody } from "./request.ts";
import { messageShape } from "./response-shapes.ts";

// A discriminated union on `type` once there are other types than text.
const body = z.object({
  to: phoneNumber,
  type: z.literal("text").default("text"),
  text: z.string().min(1).max(65_536),
  addressing: z.enum(["pn", "lid"]).optional(),
});

export function sendMessage(app: Hono, { network, phones }: ApiDeps): void {
  app.post("/phones/:phone/messages", async (c) => {
    const phone = onlinePhoneParam(c, phones);
    const { to, text, addressing } = await readBody(c, body);
    const account = network.accounts.byPhone(to);
    if (!account) {
      throw new SandboxError(
        "not_on_whatsapp",
        "There is no phone with the number in `to`. Create it with POST /phones.",
      );
    }
    const message = await phone.run(() =>
      sendText(phone, { to: account, text, ...(addressing && { addressing }) }),
    );
    return c.json(messageShape(message), 201);
  });
}
