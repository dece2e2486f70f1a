import type { Recipient } from "../../shared/recipient.ts";
import type { Network } from "../../shared/session.ts";
import { chatOf, type Identity, nobody } from "../whatsapp/identity.ts";
import type { WhatsAppConnection } from "../whatsapp/connection.ts";
import type { NumberCache } from "./number-cache.ts";

/** Where a message goes: its JID on the wire, its chat in the history, and who that is. */
export interface ResolvedRecipient extends Identity {
  to: string;
  chatId: string;
}

/** Undefined when the number is not on WhatsApp. */
export async function resolveRecipient(
  recipient: Recipient,
  {
    numberCache,
    session: { network, tenantId },
    connection,
  }: {
    numberCache: NumberCache;
    session: { network: Network; tenantId: string };
    connection: WhatsAppConnection;
  },
): Promise<ResolvedRecipient | undefined> {
  if (recipient.kind === "group") {
    return { ...nobody, to: recipient.jid, chatId: recipient.jid };
  }
  if (recipient.kind === "lid") {
    const person = await connection.complete({ phone: null, lid: recipient.lid });
    return { ...person, to: recipient.jid, chatId: chatOf(person) ?? recipient.jid };
  }
  const { phone, jid } = recipient;
  const person = await numberCache.find({ network, phone, tenantId, connection }, () =>
    connection.findPhone(phone),
  );
  if (person === undefined) return undefined;
  const address = chatOf(person) ?? jid;
  return { ...person, to: address, chatId: address };
}
