import {
  type BinaryNode,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  proto,
  unpadRandomMax16,
} from "@whiskeysockets/baileys";
import type { AddressSpace } from "./address-space.ts";

/** The A/B property `lid_one_on_one_migration_enabled`. */
const lidMigrationProperty = "9435";

/**
 * Reads the address space of our account's direct chats from the client properties of pair-success
 * or from the A/B properties after login; undefined for other stanzas.
 */
export function readAccountAddressing(stanza: BinaryNode): AddressSpace | undefined {
  if (stanza.tag !== "iq") return undefined;
  const pairSuccess = getBinaryNodeChild(stanza, "pair-success");
  const clientProps = getBinaryNodeChild(pairSuccess, "client-props")?.content;
  if (clientProps instanceof Uint8Array) return readClientProps(clientProps);
  const properties = getBinaryNodeChildren(getBinaryNodeChild(stanza, "props"), "prop");
  // An account is never migrated back, so any other value says nothing.
  const isMigrated = properties.some(
    ({ attrs }) => attrs["config_code"] === lidMigrationProperty && attrs["config_value"] === "1",
  );
  return isMigrated ? "lid" : undefined;
}

function readClientProps(bytes: Uint8Array): AddressSpace | undefined {
  try {
    return proto.ClientPairingProps.decode(bytes).isChatDbLidMigrated === true ? "lid" : "phone";
  } catch {
    return undefined; // Not the message that it was.
  }
}

/** Whether the phone reports in this message that it migrated the account's chats to LIDs. */
export function isLidMigration(padded: Uint8Array): boolean {
  const { protocolMessage, deviceSentMessage } = proto.Message.decode(unpadRandomMax16(padded));
  const message = protocolMessage ?? deviceSentMessage?.message?.protocolMessage;
  return message?.type === proto.Message.ProtocolMessage.Type.LID_MIGRATION_MAPPING_SYNC;
}
