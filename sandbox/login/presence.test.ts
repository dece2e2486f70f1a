import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { Harness } from "../testing/harness.ts";

const phoneShape = z.object({
  linked_devices: z.array(z.object({ presence: z.string(), untyped_presences: z.number() })),
});

let harness: Harness;
let ada: string;
let ben: string;
beforeEach(async () => {
  harness = await Harness.start();
  ada = await harness.phone("Ada");
  ben = await harness.phone("Ben");
});
afterEach(() => harness.stop());

async function device() {
  const { body } = await harness.call("GET", `/phones/${ada}`);
  return phoneShape.parse(body).linked_devices[0];
}

/** Whether Ada's phone shows a notification for a message that Ben sends now. */
async function notified(): Promise<unknown> {
  const { body } = await harness.call("POST", `/phones/${ben}/messages`, { to: ada, text: "hi" });
  const { notified } = await harness.phoneMessage(ada, { id: body["id"] });
  return notified;
}

function expectPresence(presence: string): Promise<void> {
  return expect.poll(device, { timeout: 10_000 }).toMatchObject({ presence });
}

test("a phone without linked devices shows notifications", async () => {
  expect(await notified()).toBe(true);
  expect(await harness.messages(ben)).toMatchObject([{ direction: "out", notified: null }]);
});

test("unmodified Baileys sends presences without type, which stop the notifications", async () => {
  const client = await harness.paired(ada);
  await client.history();
  await expectPresence("available");
  expect((await device())?.untyped_presences).toBeGreaterThan(0);
  expect(await notified()).toBe(false);
  await client.close();
  await expectPresence("unavailable");
  expect(await notified()).toBe(true);
});

test("notifications stop while a device is available, and continue when it is not", async () => {
  const client = await harness.paired(ada);
  await client.history();
  await client.close();
  // After a reconnect the credentials do not change, so Baileys sends no untyped presence.
  client.reconnect();
  await client.open();
  const before = await device();
  expect(await notified()).toBe(true);
  await client.socket.sendPresenceUpdate("available");
  await expectPresence("available");
  expect(await notified()).toBe(false);
  await client.socket.sendPresenceUpdate("unavailable");
  await expectPresence("unavailable");
  expect(await notified()).toBe(true);
  expect((await device())?.untyped_presences).toBe(before?.untyped_presences);
});
