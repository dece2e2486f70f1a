/**
 * When the server retires the ADV secret in a client's QR code (`companion_reg_refresh`):
 * - `onConnect`: as soon as the client has its QR refs;
 * - `afterScan`: at the first scan, which fails.
 *
 * Live WhatsApp has done so since July 2026: WhiskeySockets/Baileys#2737 saw it after the scan.
 */
export type RefRefresh = "never" | "onConnect" | "afterScan";

/** Whether a pairing by code is refused if the client's platform is not one of WhatsApp Web's. */
export type CompanionHello = "lenient" | "strict";

/**
 * Whether the account's direct chats have been migrated from phone numbers to LIDs. Null: not
 * enforced, the server accepts both.
 */
export interface AddressingBehaviour {
  migrated: boolean | null;
}

/** How the server behaves towards accounts and clients that have no setting of their own. */
export interface NetworkBehaviour {
  refRefresh: RefRefresh;
  companionHello: CompanionHello;
  addressing: AddressingBehaviour;
}

export const defaultNetworkBehaviour: NetworkBehaviour = {
  refRefresh: "never",
  companionHello: "lenient",
  addressing: { migrated: null },
};

/** How a phone behaves, and how the server treats its account. */
export interface Behaviour {
  online: boolean;
  autoRead: boolean;
  autoReply: string | null;
  /** Whether it uploads a file again on request; if not, it answers that it has no such file. */
  reuploads: boolean;
  /** Null: as the network. Before the scan the server does not know the phone, so no `onConnect`. */
  refRefresh: Exclude<RefRefresh, "onConnect"> | null;
  /** Null: as the network. */
  companionHello: CompanionHello | null;
  /** Null: as the network. */
  addressing: AddressingBehaviour;
}

export const defaultBehaviour: Behaviour = {
  online: true,
  autoRead: false,
  autoReply: null,
  reuploads: true,
  refRefresh: null,
  companionHello: null,
  addressing: { migrated: null },
};

/** The settings that apply to an account: its own, or else the network's. */
export function effectiveBehaviour(
  network: NetworkBehaviour,
  own: Behaviour | undefined,
): NetworkBehaviour {
  return {
    refRefresh: own?.refRefresh ?? network.refRefresh,
    companionHello: own?.companionHello ?? network.companionHello,
    addressing: { migrated: own?.addressing.migrated ?? network.addressing.migrated },
  };
}
