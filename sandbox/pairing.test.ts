import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Harness } from "./testing/harness.ts";

let harness: Harness;
let nowOffsetMs = 0;
beforeAll(async () => {
  harness = await Harness.start({ now: () => Date.now() + nowOffsetMs });
});
afterAll(() => harness.stop());

describe("pairing by QR code", () => {
  test("a scanned client becomes a device of the number and opens", async () => {
    const phone = await harness.phone("Ada");
    const client = await harness.paired(phone);
    const { body } = await harness.call("GET", `/phones/${phone}`);
    expect(client.jid).toBe(`${phone}:1@s.whatsapp.net`);
    expect(client.auth.creds.me?.lid).toBe(String(body["lid"]).replace("@", ":1@"));
    expect(client.auth.creds.me?.name).toBe("Ada");
    expect(body["linked_devices"]).toMatchObject([{ id: 1, name: "Chrome (Mac OS)" }]);
  });

  test("the bare form of the code is accepted too", async () => {
    const phone = await harness.phone();
    const client = harness.client();
    const qr = (await client.qr()).split("#")[1];
    expect(await harness.call("POST", `/phones/${phone}/scan`, { qr })).toMatchObject({
      status: 200,
      body: { id: 1 },
    });
    await client.open();
  });

  test("several clients become several devices", async () => {
    const phone = await harness.phone();
    const first = await harness.paired(phone);
    const second = await harness.paired(phone);
    expect([first.jid, second.jid]).toEqual([
      `${phone}:1@s.whatsapp.net`,
      `${phone}:2@s.whatsapp.net`,
    ]);
  });

  test("a code can be scanned once", async () => {
    const phone = await harness.phone();
    const client = harness.client();
    const qr = await client.qr();
    await harness.call("POST", `/phones/${phone}/scan`, { qr });
    await client.open();
    const again = await harness.call("POST", `/phones/${phone}/scan`, { qr });
    expect(again).toMatchObject({ status: 410, body: { code: "qr_expired" } });
  });

  test("an expired code is refused", async () => {
    const phone = await harness.phone();
    const qr = await harness.client().qr();
    nowOffsetMs = 66_000;
    const { status, body } = await harness.call("POST", `/phones/${phone}/scan`, { qr });
    nowOffsetMs = 0;
    expect({ status, code: body["code"] }).toEqual({ status: 410, code: "qr_expired" });
  });

  test("text that is not a QR code is refused", async () => {
    const phone = await harness.phone();
    const answer = await harness.call("POST", `/phones/${phone}/scan`, { qr: "https://wa.me/1,2" });
    expect(answer).toMatchObject({ status: 422, body: { code: "invalid_qr" } });
  });
});

describe("pairing by code", () => {
  test("the code that the client shows links the client", async () => {
    const phone = await harness.phone();
    const client = harness.client();
    await client.qr();
    const code = await client.socket.requestPairingCode(phone);
    const typed = `${code.slice(0, 4)}-${code.slice(4)}`.toLowerCase();
    const answer = await harness.call("POST", `/phones/${phone}/link`, { code: typed });
    expect(answer).toMatchObject({ status: 200, body: { id: 1 } });
    await client.open();
    expect(client.auth.creds.registered).toBe(true);
    expect(client.jid).toBe(`${phone}:1@s.whatsapp.net`);
  });

  test("a wrong code is refused, and the right one works afterwards", async () => {
    const phone = await harness.phone();
    const client = harness.client();
    await client.qr();
    const code = await client.socket.requestPairingCode(phone);
    const wrong = code === "AAAAAAAA" ? "BBBBBBBB" : "AAAAAAAA";
    const refused = await harness.call("POST", `/phones/${phone}/link`, { code: wrong });
    expect(refused).toMatchObject({ status: 422, body: { code: "wrong_code" } });
    expect(await harness.call("POST", `/phones/${phone}/link`, { code })).toMatchObject({
      status: 200,
    });
    await client.open();
  });

  test("a number without a pending pairing has no code", async () => {
    const phone = await harness.phone();
    const answer = await harness.call("POST", `/phones/${phone}/link`, { code: "ABCD-1234" });
    expect(answer).toMatchObject({ status: 404, body: { code: "no_code_pending" } });
  });
});
