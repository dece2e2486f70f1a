import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Library } from "./testing/client.ts";
import { Harness } from "./testing/harness.ts";
import { ZapoClient } from "./testing/zapo-client.ts";

const pairings = 20;
const timeout = 60_000;

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

const jid = (phone: string) => `${phone}@s.whatsapp.net`;

/** The types of another release differ in details that this test does not use. */
function asLibrary(library: object): Library {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return library as Library;
}

describe.each([
  ["Baileys 6.17.16, which uses the token dictionary 2", () => import("baileys-6")],
  [
    "Baileys 7.0.0-rc.9, which misses what arrives right after its handshake",
    () => import("baileys-rc9"),
  ],
])("%s", (_, load) => {
  test(`pairs ${pairings} of ${pairings} times`, { timeout }, async () => {
    const library = asLibrary(await load());
    for (let paired = 0; paired < pairings; paired++) {
      const phone = await harness.phone();
      const client = await harness.paired(phone, library);
      expect(client.jid).toBe(`${phone}:1@s.whatsapp.net`);
      await client.close();
    }
  });

  test("exchanges texts with a phone", async () => {
    const phone = await harness.phone();
    const client = await harness.paired(await harness.phone(), asLibrary(await load()));
    await client.send(jid(phone), "Is it open today?");
    const received = await harness.phoneMessage(phone, { text: "Is it open today?" });
    const answer = { to: received["from"], type: "text", text: "Until 8 ✅" };
    await harness.call("POST", `/phones/${phone}/messages`, answer);
    expect(await client.text("Until 8 ✅")).toMatchObject({ key: { fromMe: false } });
  });
});

describe("zapo-js 0.3.0, which shares no code with Baileys", () => {
  async function pairedZapo(phone: string): Promise<ZapoClient> {
    const client = new ZapoClient();
    await client.connect(harness.sandbox);
    const qr = await client.qr();
    const scanned = await harness.call("POST", `/phones/${phone}/scan`, { qr });
    expect(scanned).toMatchObject({ status: 200 });
    await client.open();
    return client;
  }

  test(`pairs ${pairings} of ${pairings} times`, { timeout }, async () => {
    for (let paired = 0; paired < pairings; paired++) {
      const client = await pairedZapo(await harness.phone());
      expect(await client.logged("uploaded prekeys to server")).toBe(true);
      await client.disconnect();
    }
  });

  test("exchanges texts with a phone, and resumes with one round trip", async () => {
    const phone = await harness.phone();
    const client = await pairedZapo(await harness.phone());
    await client.logged("uploaded prekeys to server");
    await client.disconnect();
    await client.connect(harness.sandbox);
    await client.logged("resume handshake successful without fallback");
    await client.open();

    await client.send(jid(phone), "Is it open today?");
    const received = await harness.phoneMessage(phone, { text: "Is it open today?" });
    const answer = { to: received["from"], type: "text", text: "Until 8 ✅" };
    await harness.call("POST", `/phones/${phone}/messages`, answer);
    expect(await client.text("Until 8 ✅")).toBe(true);
    await client.disconnect();
  });

  test("is told that it is logged out by a network that has a new key and does not know it", async () => {
    const client = await pairedZapo(await harness.phone());
    await client.disconnect();
    const other = await Harness.start();
    // The connection may be closed before `connect` sees it open.
    const connecting = client.connect(other.sandbox).catch(() => {});
    await client.logged("fallback to XX");
    expect(await client.loggedOut()).toBe(true);
    await connecting;
    await client.disconnect();
    await other.stop();
  });
});
