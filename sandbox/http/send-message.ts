import type { Hono } from "hono";
import { z } from "zod";
import type { Network } from "../network.ts";
import { sendText } from "../phone/send.ts";
import { SandboxError } from "../sandbox-error.ts";
import { phoneNumber, phoneOf, readBody } from "./input.ts";
import { requireOnline } from "./scan.ts";
import { messageShape } from "./shapes.ts";

// Further types (image, video, audio, document) join here as a discriminated union.
const body = z.object({
  to: phoneNumber,
  type: z.literal("text").default("text"),
  text: z.string().min(1).max(65_536),
  addressing: z.enum(["pn", "lid"]).optional(),
});

export function sendMessage(app: Hono, network: Network): void {
  app.post("/phones/:phone/messages", async (c) => {
    const phone = phoneOf(c, network);
    requireOnline(phone);
    const { to, text, addressing } = await readBody(c, body);
    const account = network.directory.byPhone(to);
    if (!account) {
      throw new SandboxError(
        "not_on_whatsapp",
        "The number in `to` has no phone here. Create it with POST /phones.",
      );
    }
    const message = await phone.run(() =>
      sendText(phone, { to: account, text, ...(addressing && { addressing }) }),
    );
    return c.json(messageShape(message), 201);
  });
}
