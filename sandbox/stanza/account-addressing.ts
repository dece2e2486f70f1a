import type { Account, Device } from "../account/account.ts";
import { type Addressing, parseAddress } from "../account/address.ts";
import { effectiveBehaviour } from "../account/behaviour.ts";
import type { Network } from "../network.ts";
import type { BinaryNode } from "../wire/node.ts";

/**
 * The address space of an account's direct chats: LID once it is migrated, phone number before.
 * Undefined while the sandbox does not enforce it.
 */
export function accountAddressing(network: Network, account: Account): Addressing | undefined {
  const { migrated } = effectiveBehaviour(network.behaviour, account.behaviour).addressing;
  if (migrated === null) return undefined;
  return migrated ? "lid" : "pn";
}

/**
 * The ack error for a direct message in the address space that the sender's account does not use:
 * 463 for a phone number from a migrated account (WhiskeySockets/Baileys#2698), 400 for a LID from
 * an unmigrated one (oxidezap/whatsapp-rust#941). Messages to the own account are exempt.
 */
export function addressingError(
  network: Network,
  sender: Device,
  message: BinaryNode,
): 400 | 463 | undefined {
  const target = parseAddress(message.attrs["to"]);
  const expected = accountAddressing(network, sender.account);
  if (!target || !expected || target.addressing === expected) return undefined;
  if (network.accounts.accountAt(target) === sender.account) return undefined;
  return expected === "lid" ? 463 : 400;
}
