import type { Network } from "../../shared/session.ts";
import type { CloseReason } from "../whatsapp/close-reason.ts";

const details: Record<string, string> = {
  client_outdated:
    "WhatsApp no longer accepts the version of WhatsApp Web that the connector connects as. Set WA_WEB_VERSION to a current one, or update the connector; then connect the session again.",
  temporarily_banned:
    "WhatsApp has banned this number for some time. Open WhatsApp on the phone to see for how long; connect the session again after that.",
  forbidden:
    "WhatsApp refuses this number. Open WhatsApp on the phone to see why; connect the session again once it works there.",
  replaced:
    "Another client connected with the credentials of this session. End it, then connect the session again.",
};

/** What a reason means and what to do about it; undefined when the session helps itself. */
export function detailOf(
  reason: string,
  { unreachable }: CloseReason,
  network: Network,
): string | undefined {
  if (unreachable === undefined) return details[reason];
  const name = network === "live" ? "WhatsApp" : "The sandbox network";
  return `${name} cannot be reached from the connector (${unreachable}). Check its network; the session tries again by itself.`;
}
