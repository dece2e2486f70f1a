import type { BinaryNode } from "@whiskeysockets/baileys";
import { afterEach, expect, test } from "vitest";
import type { ReceiptItem } from "../../write/write.ts";
import { TestSocket } from "../testing/test-socket.ts";

let opened: TestSocket;
afterEach(() => opened.close());

const isAck = ({ tag, attrs }: BinaryNode) => tag === "ack" && attrs["class"] === "receipt";
const ackOf = (id: string) => opened.until((node) => isAck(node) && node.attrs["id"] === id);

function receipt(id: string): BinaryNode {
  const from = "393330000001@s.whatsapp.net";
  return { tag: "receipt", attrs: { id, from, t: "1764000000", type: "read" } };
}

test("a receipt is acknowledged after it is stored, not before", async () => {
  const stored = Promise.withResolvers<undefined>();
  opened = await TestSocket.open({
    handlers: {
      onReceipts: async ([item]) => (item?.wa_message_id === "1" ? stored.promise : undefined),
    },
  });
  opened.receive(receipt("1"));
  opened.receive(receipt("2"));
  await ackOf("2");
  expect(opened.sent.filter(isAck)).toHaveLength(1);
  stored.resolve(undefined);
  expect((await ackOf("1")).attrs).toMatchObject({ to: "393330000001@s.whatsapp.net" });
});

test("a receipt that could not be stored is not acknowledged", async () => {
  const received: ReceiptItem[] = [];
  opened = await TestSocket.open({
    handlers: {
      onReceipts: async (receipts) => {
        received.push(...receipts);
        if (receipts[0]?.wa_message_id === "1") throw new Error("no database");
      },
    },
  });
  opened.receive(receipt("1"));
  opened.receive(receipt("2"));
  await ackOf("2");
  expect(opened.sent.filter(isAck)).toHaveLength(1);
  expect(received).toMatchObject([
    { wa_message_id: "1", status: "READ" },
    { wa_message_id: "2", status: "READ" },
  ]);
});
