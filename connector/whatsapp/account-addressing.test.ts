import { type BinaryNode, proto, writeRandomPadMax16 } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import { isLidMigration, readAccountAddressing } from "./account-addressing.ts";

const iq = (content: BinaryNode[]): BinaryNode => ({ tag: "iq", attrs: { id: "1" }, content });
const pairSuccess = (content: BinaryNode["content"]) =>
  iq([
    {
      tag: "pair-success",
      attrs: {},
      content: [{ tag: "client-props", attrs: {}, ...(content === undefined ? {} : { content }) }],
    },
  ]);
const clientProps = (isChatDbLidMigrated: boolean) =>
  pairSuccess(proto.ClientPairingProps.encode({ isChatDbLidMigrated }).finish());
const properties = (code: string, value: string) =>
  iq([
    {
      tag: "props",
      attrs: { protocol: "1" },
      content: [{ tag: "prop", attrs: { config_code: code, config_value: value } }],
    },
  ]);

test("the address space of the account is read from pair-success", () => {
  expect(readAccountAddressing(clientProps(true))).toBe("lid");
  expect(readAccountAddressing(clientProps(false))).toBe("phone");
  expect(readAccountAddressing(pairSuccess(undefined))).toBeUndefined();
  expect(readAccountAddressing(pairSuccess(Buffer.from([0xff])))).toBeUndefined();
});

test("A/B properties say that an account is migrated, never that it is not", () => {
  expect(readAccountAddressing(properties("9435", "1"))).toBe("lid");
  expect(readAccountAddressing(properties("9435", "0"))).toBeUndefined();
  expect(readAccountAddressing(properties("1", "1"))).toBeUndefined();
  expect(readAccountAddressing({ tag: "message", attrs: {} })).toBeUndefined();
});

test("the phone's LID mapping of its chats means that the account is migrated", () => {
  const { LID_MIGRATION_MAPPING_SYNC, HISTORY_SYNC_NOTIFICATION } =
    proto.Message.ProtocolMessage.Type;
  const padded = (type: proto.Message.ProtocolMessage.Type) =>
    writeRandomPadMax16(proto.Message.encode({ protocolMessage: { type } }).finish());
  expect(isLidMigration(padded(LID_MIGRATION_MAPPING_SYNC))).toBe(true);
  expect(isLidMigration(padded(HISTORY_SYNC_NOTIFICATION))).toBe(false);
});
