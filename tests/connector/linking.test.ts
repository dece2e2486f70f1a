import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, Stack } from "./stack.ts";

let stack: Stack;
let connectorUrl: string;

beforeAll(async () => {
  stack = await Stack.start();
  connectorUrl = (await stack.startConnector()).url;
});
afterAll(() => stack.stop());

/** The QR codes that a session showed, when there are so many. */
async function shownQrs(sessionId: string, count: number): Promise<string[]> {
  const events = await eventually(
    () => stack.events("session.qr_code"),
    (list) => list.filter((event) => event.session_id === sessionId).length >= count,
  );
  return events
    .filter((event) => event.session_id === sessionId)
    .map((event) => String((event.data as { qr: unknown }).qr));
}

const refOf = (qr: string | undefined) => qr?.split(",", 1)[0];

test("a QR code whose secret the server retires is shown again within a second, and links", async () => {
  const phone = "393331000021";
  await stack.phone("POST", "/phones", { phone });
  await stack.phone("POST", "/behaviour", { refRefresh: "onConnect" });
  await stack.createSession("retired");
  await shownQrs("retired", 1);
  const firstShownAt = performance.now();
  const [first, second] = await shownQrs("retired", 2);
  expect(performance.now() - firstShownAt).toBeLessThan(1000);
  expect(refOf(second)).toBe(refOf(first));
  expect(second).not.toBe(first);
  await stack.phone("POST", "/behaviour", { refRefresh: "never" });
  await stack.phone("POST", `/phones/${phone}/scan`, { qr: second });
  await stack.until("retired", (session) => session.state === "connected");
});

test("a scan that makes the server retire the secret fails, the scan of the next QR code links", async () => {
  const phone = "393331000022";
  await stack.phone("POST", "/phones", { phone });
  await stack.phone("POST", `/phones/${phone}/behaviour`, { refRefresh: "afterScan" });
  await stack.createSession("scanned");
  const [first] = await shownQrs("scanned", 1);
  const scan = (qr: string | undefined) => stack.phone("POST", `/phones/${phone}/scan`, { qr });
  await expect(scan(first)).rejects.toThrow("qr_secret_retired");
  const [, second] = await shownQrs("scanned", 2);
  await scan(second);
  await stack.until("scanned", (session) => session.state === "connected");
});

test("a server that takes known platforms only gives a pairing code, and the phone lists our name", async () => {
  const phone = "393331000023";
  await stack.phone("POST", "/phones", { phone });
  await stack.phone("POST", `/phones/${phone}/behaviour`, { companionHello: "strict" });
  const uid = await stack.createSession("by-code");
  await shownQrs("by-code", 1);
  const requested = { type: "pairing_code", session_uid: uid, phone } as const;
  const result = await stack.command(connectorUrl, requested);
  const code = result.type === "pairing_code" ? result.code : "";
  await stack.phone("POST", `/phones/${phone}/link`, { code });
  await stack.until("by-code", (session) => session.state === "connected");
  expect(await stack.phone("GET", `/phones/${phone}`)).toMatchObject({
    linked_devices: [{ name: "Chrome (WhatsApp Microservice)", untyped_presences: 0 }],
  });
});

test("when the phone has linked the device, its credentials are stored and the QR code is gone", async () => {
  for (let index = 0; index < 10; index += 1) {
    const phone = String(393331000100 + index);
    await stack.phone("POST", "/phones", { phone });
    const uid = await stack.createSession(`stored-${index}`);
    const { qr } = await stack.until(`stored-${index}`, (session) => session.qr !== null);
    await stack.phone("POST", `/phones/${phone}/scan`, { qr });
    const { rows } = await stack.database.pool.query(
      `select s.state, s.qr, c.ciphertext is not null as is_stored
       from whatsapp_sessions s left join session_credentials c on c.session_uid = s.uid
       where s.uid = $1`,
      [uid],
    );
    expect(rows).toEqual([
      { state: expect.stringMatching(/^connect(ing|ed)$/), qr: null, is_stored: true },
    ]);
  }
});
