import { randomBytes } from "node:crypto";
import type { BinaryNode } from "@whiskeysockets/baileys";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TestClient } from "../testing/client.ts";
import { Harness } from "../testing/harness.ts";

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.stop());

function nextRefresh(client: TestClient): Promise<BinaryNode> {
  return new Promise((resolve) => {
    client.socket.ws.once("CB:notification,type:companion_reg_refresh", resolve);
  });
}

/** Acks a refresh as WhatsApp Web does. */
async function ack(client: TestClient, { attrs }: BinaryNode): Promise<void> {
  const { id = "", from = "", type = "" } = attrs;
  await client.socket.sendNode({
    tag: "ack",
    attrs: { class: "notification", id, to: from, type },
  });
  const acked = { ref_refreshes: [{ acked: true }] };
  await expect.poll(registration, { timeout: 10_000 }).toMatchObject([acked]);
}

/** Replaces the client's secret as WhatsApp Web does; returns the QR code with the new secret. */
function rotateSecret({ auth: { creds } }: TestClient, qr: string): string {
  const oldSecret = creds.advSecretKey;
  creds.advSecretKey = randomBytes(32).toString("base64");
  return qr.replace(oldSecret, creds.advSecretKey);
}

async function scan(phone: string, qr: string) {
  const { status, body } = await harness.call("POST", `/phones/${phone}/scan`, { qr });
  return { status, code: body["code"] };
}

async function registration() {
  const { body } = await harness.call("GET", "/registrations");
  return body["data"];
}

const retired = { status: 410, code: "qr_secret_retired" };

test("by default no refresh is sent", async () => {
  await harness.paired(await harness.phone());
  expect(await registration()).toMatchObject([
    { name: "Chrome (Mac OS)", status: "linked", ref_refreshes: [] },
  ]);
});

describe("with refRefresh onConnect", () => {
  beforeEach(() => harness.call("POST", "/behaviour", { refRefresh: "onConnect" }));

  test("unmodified Baileys neither acks the refresh nor can be linked by QR", async () => {
    const phone = await harness.phone();
    const client = harness.client();
    const refresh = nextRefresh(client);
    const qr = await client.qr();
    expect((await refresh).content).toEqual([{ tag: "companion_reg_refresh", attrs: {} }]);
    expect(await scan(phone, qr)).toEqual(retired);
    expect(await scan(phone, qr)).toEqual(retired);
    expect(await registration()).toMatchObject([
      { status: "pending", ref_refreshes: [{ trigger: "connect", acked: false }] },
    ]);
  });

  test("a client that acks and rotates its secret is linked by the new QR code", async () => {
    const phone = await harness.phone();
    const client = harness.client();
    const refresh = nextRefresh(client);
    const qr = await client.qr();
    await ack(client, await refresh);
    expect(await scan(phone, rotateSecret(client, qr))).toMatchObject({ status: 200 });
    await client.open();
    expect(await registration()).toMatchObject([
      { status: "linked", ref_refreshes: [{ trigger: "connect", acked: true }] },
    ]);
  });

  test("the old QR code of a client that rotated its secret does not link it", async () => {
    const phone = await harness.phone();
    const client = harness.client();
    const refresh = nextRefresh(client);
    const qr = await client.qr();
    await ack(client, await refresh);
    rotateSecret(client, qr);
    expect(await scan(phone, qr)).toEqual({ status: 504, code: "pairing_unanswered" });
    expect(await registration()).toMatchObject([{ status: "closed" }]);
  });
});

describe("with refRefresh afterScan", () => {
  test("the first scan fails, and the QR code with the new secret links the client", async () => {
    const phone = await harness.phone();
    const behaviour = { refRefresh: "afterScan" };
    const set = await harness.call("POST", `/phones/${phone}/behaviour`, behaviour);
    expect(set.body["behaviour"]).toMatchObject({ ...behaviour, online: true });
    const client = harness.client();
    const refresh = nextRefresh(client);
    const qr = await client.qr();
    expect(await scan(phone, qr)).toEqual(retired);
    expect((await refresh).content).toEqual([{ tag: "pair-device-rotate-qr", attrs: {} }]);
    await ack(client, await refresh);
    expect(await scan(phone, rotateSecret(client, qr))).toMatchObject({ status: 200 });
    await client.open();
    expect(await registration()).toMatchObject([
      { status: "linked", ref_refreshes: [{ trigger: "scan", acked: true }] },
    ]);
  });

  test("a client that only acks stays refused", async () => {
    const phone = await harness.phone();
    await harness.call("POST", "/behaviour", { refRefresh: "afterScan" });
    const client = harness.client();
    const refresh = nextRefresh(client);
    const qr = await client.qr();
    expect(await scan(phone, qr)).toEqual(retired);
    await ack(client, await refresh);
    expect(await scan(phone, qr)).toEqual(retired);
  });

  test("a phone's own setting overrides the network's", async () => {
    const phone = await harness.phone();
    await harness.call("POST", "/behaviour", { refRefresh: "afterScan" });
    await harness.call("POST", `/phones/${phone}/behaviour`, { refRefresh: "never" });
    const client = await harness.paired(phone);
    expect(client.jid).toBe(`${phone}:1@s.whatsapp.net`);
  });
});
