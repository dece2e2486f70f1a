import { afterAll, beforeAll, expect, test } from "vitest";
import { Stack } from "./stack.ts";

let stack: Stack;
let connectorUrl: string;
const recipient = "393331000040";

beforeAll(async () => {
  stack = await Stack.start();
  connectorUrl = (await stack.startConnector()).url;
  await stack.phone("POST", "/phones", { phone: recipient });
});
afterAll(() => stack.stop());

const enforce = (phone: string, migrated: boolean) =>
  stack.phone("POST", `/phones/${phone}/behaviour`, { addressing: { migrated } });

/** A session whose account is known at pairing to use this space. */
async function pairedWith(migrated: boolean, phone: string): Promise<string> {
  await stack.phone("POST", "/behaviour", { addressing: { migrated } });
  const { uid } = await stack.pair(phone, phone);
  await enforce(phone, migrated);
  await stack.phone("POST", "/behaviour", { addressing: { migrated: null } });
  return uid;
}

async function expectDelivered(uid: string, to: string, text: string): Promise<void> {
  const { message } = await stack.sendText(connectorUrl, { uid, to, text });
  expect(["SENT", "DELIVERED"]).toContain(message.status);
  expect(message.chat_id).toBe(`${recipient}@s.whatsapp.net`);
  await stack.untilMessage({ id: message.id, status: "DELIVERED" });
  const received = (await stack.phoneMessages(recipient)).filter((entry) => entry.text === text);
  expect(received).toHaveLength(1);
}

test("a session of a migrated account writes to the LID of a number", async () => {
  const uid = await pairedWith(true, "393331000041");
  await expectDelivered(uid, recipient, "to a number, migrated");
});

test("a session of an account that is not migrated writes to the number of a LID", async () => {
  const uid = await pairedWith(false, "393331000042");
  await expectDelivered(uid, recipient, "to a number, not migrated");
  const { lid } = (await stack.phone("GET", `/phones/${recipient}`)) as { lid: string };
  await expectDelivered(uid, lid.includes("@") ? lid : `${lid}@lid`, "to a LID, not migrated");
});

test("a refusal shows that the account was migrated meanwhile, and the message arrives once", async () => {
  const { uid } = await stack.pair("meanwhile", "393331000043");
  await expectDelivered(uid, recipient, "before the migration");
  await enforce("393331000043", true);
  await expectDelivered(uid, recipient, "right after the migration");
  await expectDelivered(uid, recipient, "and the next one");
});
