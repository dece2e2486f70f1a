import {
  type BinaryNode,
  getBinaryNodeChild,
  getBinaryNodeChildString,
} from "@whiskeysockets/baileys";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Credentials, newCredentials } from "../auth-state.ts";
import { TestSocket } from "../testing/test-socket.ts";
import { requestPairingCode } from "./pairing-code.ts";

let opened: TestSocket;
let credentials: Credentials;

beforeEach(async () => {
  credentials = newCredentials();
  opened = await TestSocket.open({ credentials });
});
afterEach(() => opened.close());

const phone = "393330000001";
const hello = () =>
  opened.until((node) => getBinaryNodeChild(node, "link_code_companion_reg") !== undefined);

function respond(request: BinaryNode, type: string, content: BinaryNode[] = []): void {
  const { id = "" } = request.attrs;
  opened.receive({ tag: "iq", attrs: { from: "s.whatsapp.net", type, id }, content });
}

test("a code is returned once WhatsApp accepted it, for a platform that WhatsApp knows", async () => {
  const requested = requestPairingCode(opened.socket, credentials, phone);
  const request = await hello();
  const stage = getBinaryNodeChild(request, "link_code_companion_reg");
  expect(stage?.attrs).toMatchObject({ stage: "companion_hello", jid: `${phone}@s.whatsapp.net` });
  expect(getBinaryNodeChildString(stage, "companion_platform_id")).toBe("1");
  expect(getBinaryNodeChildString(stage, "companion_platform_display")).toBe("Chrome (Windows)");
  respond(request, "result");
  const code = await requested;
  expect(code).toMatch(/^[1-9A-Z]{8}$/);
  expect(credentials).toMatchObject({ pairingCode: code, me: { id: `${phone}@s.whatsapp.net` } });
});

test("a refusal is an error, and leaves the credentials as they were", async () => {
  const requested = requestPairingCode(opened.socket, credentials, phone);
  const refusal = { tag: "error", attrs: { code: "400", text: "bad-request" } };
  respond(await hello(), "error", [refusal]);
  await expect(requested).rejects.toMatchObject({ code: "pairing_refused", status: 422 });
  expect(credentials.me).toBeUndefined();
  expect(credentials.pairingCode).toBeUndefined();
});

test("a connection that closes is no refusal", async () => {
  const requested = requestPairingCode(opened.socket, credentials, phone);
  await hello();
  opened.drop();
  await expect(requested).rejects.toMatchObject({ code: "connector_unavailable" });
});
