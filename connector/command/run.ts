import type { Command, CommandResult } from "../../shared/command.ts";
import { ApiError } from "../../shared/errors.ts";
import { parsePhone } from "../../shared/recipient.ts";
import type { Session } from "../session/session.ts";
import { sendMedia } from "./send-media.ts";
import type { SendMessage } from "./send-message.ts";
import { sendText } from "./send-text.ts";

/** This connector does not own the session. */
export class NotOwner extends Error {
  override readonly name = "NotOwner";
}

export interface CommandServices {
  findSession: (uid: string) => Session | undefined;
  sender: SendMessage;
}

export async function runCommand(
  command: Command,
  session: Session,
  sender: SendMessage,
): Promise<CommandResult> {
  switch (command.type) {
    case "send_text":
      return { type: "message", ...(await sendText(session, command, sender)) };
    case "send_media":
      return { type: "message", ...(await sendMedia(session, command, sender)) };
    case "pairing_code": {
      const phone = parsePhone(command.phone);
      if (phone === undefined) {
        throw new ApiError("invalid_request", "The phone number is not valid.", {
          errors: [
            { field: "phone", detail: "Write it with its country code, like 393331234567." },
          ],
        });
      }
      const { code, expiresAt } = await session.pairingCode(phone);
      return { type: "pairing_code", code, expires_at: expiresAt };
    }
    case "regenerate_qr":
      session.regenerateQr();
      break;
    case "stop":
      await session.stop("requested");
      break;
    case "unlink":
      await session.unlink();
      break;
  }
  return { type: "done" };
}
