import { Browsers, type WABrowserDescription } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Harness } from "../testing/harness.ts";
import { isKnownPlatform } from "./companion-platform.ts";

test.each([
  ["1", "Chrome (Windows)", true],
  ["6", "Safari (Mac OS)", true],
  ["1", "Chrome (Acme)", false],
  ["1", "Acme (Windows)", false],
  ["1", "Chrome", false],
  ["1", "", false],
  ["0", "Chrome (Windows)", false],
  ["7", "Chrome (Windows)", false],
  ["", "Chrome (Windows)", false],
])("platform id %j with display %j is known: %j", (id, display, known) => {
  expect(isKnownPlatform({ id, display })).toBe(known);
});

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

async function requestCode(phone: string, browser: WABrowserDescription) {
  const client = harness.client({ browser });
  await client.qr();
  const code = await client.socket.requestPairingCode(phone);
  const { status, body } = await harness.call("POST", `/phones/${phone}/link`, { code });
  const { body: registrations } = await harness.call("GET", "/registrations");
  return { status, code: body["code"], registration: [registrations["data"]].flat().at(-1) };
}

test("by default any platform may pair by code", async () => {
  const phone = await harness.phone();
  const { status, registration } = await requestCode(phone, ["Acme", "Chrome", "1.0"]);
  expect(status).toBe(200);
  expect(registration).toMatchObject({
    status: "linked",
    companion_hello: { platform_id: "1", platform_display: "Chrome (Acme)", accepted: true },
  });
});

test("a strict server refuses a product name, and Baileys shows a code that does not exist", async () => {
  const phone = await harness.phone();
  await harness.call("POST", `/phones/${phone}/behaviour`, { companionHello: "strict" });
  expect(await requestCode(phone, ["Acme", "Chrome", "1.0"])).toMatchObject({
    status: 404,
    code: "no_code_pending",
    registration: {
      status: "pending",
      companion_hello: { platform_id: "1", platform_display: "Chrome (Acme)", accepted: false },
    },
  });
});

test("a strict server accepts the names of WhatsApp Web", async () => {
  const phone = await harness.phone();
  await harness.call("POST", "/behaviour", { companionHello: "strict" });
  expect(await requestCode(phone, Browsers.windows("Chrome"))).toMatchObject({ status: 200 });
  expect(await requestCode(phone, Browsers.macOS("Desktop"))).toMatchObject({ status: 404 });
});
