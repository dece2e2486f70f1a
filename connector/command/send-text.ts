import type { Command } from "../../shared/command.ts";
import type { Message } from "../../shared/message.ts";
import type { Session } from "../session/session.ts";
import { encodeText } from "../whatsapp/content.ts";
import type { SendMessage } from "./send-message.ts";

type SendTextCommand = Command & { type: "send_text" };

export function sendText(
  session: Session,
  { to, text, idempotency }: SendTextCommand,
  sender: SendMessage,
): Promise<{ message: Message; replayed: boolean }> {
  return sender.run(session, { to, type: "text", text, content: encodeText(text), idempotency });
}
