import type { Recipient } from "../../shared/recipient.ts";
import type { Network } from "../../shared/session.ts";
import { chatOf, type Identity, nobody } from "../whatsapp/address.ts";
import type { Link } from "../whatsapp/link.ts";
import type { Directory } from "./directory.ts";

/** Where a message goes: its address on the wire, its chat here, and who that is. */
export interface Addressee extends Identity {
  to: string;
  chatId: string;
}

/** Undefined when the number is not on WhatsApp. */
export async function findAddressee(
  recipient: Recipient,
  { directory, network, link }: { directory: Directory; network: Network; link: Link },
): Promise<Addressee | undefined> {
  if (recipient.kind === "group") return { ...nobody, to: recipient.jid, chatId: recipient.jid };
  if (recipient.kind === "lid") {
    const person = await link.complete({ phone: null, lid: recipient.lid });
    return { ...person, to: recipient.jid, chatId: chatOf(person) ?? recipient.jid };
  }
  const { phone, jid } = recipient;
  const person = await directory.find({ network, phone }, () => link.findPhone(phone));
  if (person === undefined) return undefined;
  const address = chatOf(person) ?? jid;
  return { ...person, to: address, chatId: address };
}
