import type { BinaryNode } from "@whiskeysockets/baileys";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Credentials, newCredentials } from "../auth-state.ts";
import { TestSocket } from "../testing/test-socket.ts";

let opened: TestSocket;
let credentials: Credentials;
/** The QR codes that were shown, in order. */
let shown: string[];

beforeEach(async () => {
  credentials = newCredentials();
  shown = [];
  opened = await TestSocket.open({ credentials });
  opened.socket.ev.on("connection.update", ({ qr }) => {
    if (qr !== undefined) shown.push(qr);
  });
});
afterEach(() => opened.close());

const server = "s.whatsapp.net";
const isAck = (id: string) => (node: BinaryNode) => node.tag === "ack" && node.attrs["id"] === id;

async function showQr(): Promise<void> {
  const refs = ["ref1", "ref2"].map((ref) => ({
    tag: "ref",
    attrs: {},
    content: Buffer.from(ref),
  }));
  opened.receive({
    tag: "iq",
    attrs: { from: server, type: "set", id: "pair", xmlns: "md" },
    content: [{ tag: "pair-device", attrs: {}, content: refs }],
  });
  await expect.poll(() => shown).toHaveLength(1);
}

function notify(id: string, type: string, child: BinaryNode): void {
  opened.receive({ tag: "notification", attrs: { from: server, type, id }, content: [child] });
}

const fieldsOf = (qr: string | undefined) => qr?.split("#")[1]?.split(",") ?? [];

test("any notification is acknowledged", async () => {
  notify("1", "passkey_prologue_request", { tag: "passkey_request_options", attrs: {} });
  expect((await opened.until(isAck("1"))).attrs).toEqual({
    id: "1",
    to: server,
    class: "notification",
    type: "passkey_prologue_request",
  });
});

test.each(["companion_reg_refresh", "pair-device-rotate-qr"])(
  "%s is acknowledged, and the QR code with the current ref is shown with a new secret",
  async (tag) => {
    await showQr();
    const before = credentials.advSecretKey;
    expect(fieldsOf(shown[0])).toMatchObject({ 0: "ref1", 3: before });

    notify("1", "companion_reg_refresh", { tag, attrs: {} });
    await expect.poll(() => shown).toHaveLength(2);
    await opened.until(isAck("1"));
    expect(credentials.advSecretKey).not.toBe(before);
    expect(Buffer.from(credentials.advSecretKey, "base64")).toHaveLength(32);
    const expected = fieldsOf(shown[0]);
    expected[3] = credentials.advSecretKey;
    expect(fieldsOf(shown[1])).toEqual(expected);
  },
);

test("a notification of that type without a known child changes nothing", async () => {
  await showQr();
  notify("1", "companion_reg_refresh", { tag: "other", attrs: {} });
  await opened.until(isAck("1"));
  expect(shown).toHaveLength(1);
});

test("the secret stays while pair-success of a pairing by code is due", async () => {
  await showQr();
  credentials.me = { id: "393330000001@s.whatsapp.net", name: "~" };
  const hello = ["primary_identity_pub", "link_code_pairing_ref"].map((tag) => ({
    tag,
    attrs: {},
    content: Buffer.alloc(32),
  }));
  notify("1", "link_code_companion_reg", {
    tag: "link_code_companion_reg",
    attrs: { stage: "primary_hello" },
    content: hello,
  });
  await opened.until(isAck("1"));
  const before = credentials.advSecretKey;
  notify("2", "companion_reg_refresh", { tag: "companion_reg_refresh", attrs: {} });
  await opened.until(isAck("2"));
  expect(credentials.advSecretKey).toBe(before);
  expect(shown).toHaveLength(1);
});

test("a stage of a pairing by code without the phone's key is acknowledged and nothing else", async () => {
  credentials.me = { id: "393330000001@s.whatsapp.net", name: "~" };
  const logged: string[] = [];
  opened.onLog = (line) => logged.push(line);
  notify("1", "link_code_companion_reg", {
    tag: "link_code_companion_reg",
    attrs: { stage: "refresh_code" },
    content: [{ tag: "link_code_pairing_ref", attrs: {}, content: Buffer.alloc(32) }],
  });
  await opened.until(isAck("1"));
  await opened.settled();
  expect(logged).toEqual([]);
});
