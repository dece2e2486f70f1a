// Baileys sends `<presence/>` without a type when its credentials change; here none leaves.
import type { WASocket } from "@whiskeysockets/baileys";
import { type Credentials, isPaired } from "../auth-state.ts";
import { interceptEvent } from "./intercept-event.ts";

/**
 * Without a type it means "available", and while a linked device is available the phone shows no
 * notifications (WhiskeySockets/Baileys#2627). Baileys compares the name in the update with the one
 * in the credentials and sends the presence when they differ, also when the update has no name.
 * So the update is applied before Baileys gets it, with the account in it. A new name is sent as
 * "unavailable", as at login.
 */
export function sendTypedPresence(
  { ev, sendNode }: Pick<WASocket, "ev" | "sendNode">,
  credentials: Credentials,
): void {
  interceptEvent(ev, "creds.update", (update) => {
    const nameBefore = isPaired(credentials) ? credentials.me?.name : undefined;
    Object.assign(credentials, update);
    const { me } = credentials;
    if (nameBefore !== undefined && me?.name !== undefined && me.name !== nameBefore) {
      const attrs = { name: me.name.replaceAll("@", ""), type: "unavailable" };
      void sendNode({ tag: "presence", attrs }).catch(() => undefined); // Sent again at login.
    }
    return me === undefined ? update : { ...update, me };
  });
}
