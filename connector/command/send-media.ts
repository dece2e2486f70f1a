import type { Command } from "../../shared/command.ts";
import type { Message } from "../../shared/message.ts";
import type { Session } from "../session/session.ts";
import { encodeMedia } from "../whatsapp/outgoing-media.ts";
import type { SendMessage } from "./send-message.ts";

type SendMediaCommand = Command & { type: "send_media" };

/** Sends a file that was stored before. */
export function sendMedia(
  session: Session,
  { upload, idempotency }: SendMediaCommand,
  sender: SendMessage,
): Promise<{ message: Message; replayed: boolean }> {
  return sender.run(session, {
    id: upload.id,
    to: upload.to,
    type: upload.kind,
    text: upload.caption,
    media: upload.media,
    content: encodeMedia(upload),
    idempotency,
  });
}
