import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { Connector } from "../../connector/connector.ts";
import { eventually, Stack } from "./stack.ts";

let stack: Stack;
let connector: Connector;

beforeAll(async () => {
  stack = await Stack.start();
  connector = await stack.startConnector();
});

afterAll(async () => {
  await stack.stop();
});

async function linkedDevices(phone: string): Promise<{ id: string }[]> {
  const shown = (await stack.phone("GET", `/phones/${phone}`)) as {
    linked_devices: { id: string }[];
  };
  return shown.linked_devices;
}

test("a session is paired by its QR, and records who it is", async () => {
  await stack.pair("by-qr", "393331000001");
  const [shown] = await stack.events("session.qr_code");
  expect(shown?.data).toMatchObject({ state: "qr", qr: expect.any(String) });
  expect(Date.parse(String(shown?.data["expires_at"]))).toBeGreaterThan(Date.now());
  const [connected] = await stack.events("session.connected");
  expect(connected?.data).toMatchObject({
    session_id: "by-qr",
    state: "connected",
    phone: "393331000001",
    lid: expect.stringMatching(/@lid$/),
  });
  expect(await stack.locate("by-qr")).toMatchObject({ qr: null, state: "connected" });
});

test("a session is paired by a code typed into the phone", async () => {
  const phone = "393331000002";
  await stack.phone("POST", "/phones", { phone, name: "Code" });
  const uid = await stack.createSession("by-code");
  await stack.until("by-code", (session) => session.state === "qr");
  const answer = await stack.command(connector.url, {
    type: "pairing_code",
    session_uid: uid,
    phone: `+${phone}`,
  });
  if (answer.type !== "pairing_code") throw new Error(answer.type);
  expect(answer.code).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
  expect(await stack.locate("by-code")).toMatchObject({
    state: "pairing_code",
    pairing_code: answer.code,
  });
  await stack.phone("POST", `/phones/${phone}/link`, { code: answer.code });
  await stack.until("by-code", (session) => session.state === "connected");
  await expect(
    stack.command(connector.url, { type: "pairing_code", session_uid: uid, phone }),
  ).rejects.toMatchObject({ status: 409, code: "session_already_connected" });
});

test("a new QR is made when it is asked for, and the old one is gone", async () => {
  const uid = await stack.createSession("again");
  const before = await stack.until("again", (session) => session.qr !== null);
  await stack.command(connector.url, { type: "regenerate_qr", session_uid: uid });
  const after = await stack.until("again", ({ qr }) => qr !== null && qr !== before.qr);
  const phone = "393331000003";
  await stack.phone("POST", "/phones", { phone, name: "Again" });
  await expect(stack.phone("POST", `/phones/${phone}/scan`, { qr: before.qr })).rejects.toThrow();
  await stack.phone("POST", `/phones/${phone}/scan`, { qr: after.qr });
  await stack.until("again", (session) => session.state === "connected");
});

test("sending on a session that is not connected says what to do", async () => {
  const uid = await stack.createSession("unpaired");
  await stack.until("unpaired", (session) => session.state === "qr");
  await expect(
    stack.sendText(connector.url, { uid, to: "393331000001", text: "no" }),
  ).rejects.toThrow(/409 session_not_connected: .*GET \/session\/unpaired\/qr/);
});

test("logged out by the phone, it forgets the device and shows a new QR by itself", async () => {
  const phone = "393331000004";
  const { uid } = await stack.pair("logout", phone);
  const [device] = await linkedDevices(phone);
  await stack.phone("DELETE", `/phones/${phone}/linked-devices/${device?.id}`);
  const shown = await stack.until("logout", ({ qr }) => qr !== null);
  const { rows } = await stack.database.pool.query(
    "select 1 from signal_keys where session_uid = $1 union all select 1 from session_credentials where session_uid = $1",
    [uid],
  );
  expect(rows).toEqual([]);
  const out = await eventually(
    async () =>
      (await stack.events("session.disconnected")).filter((event) => event.session_id === "logout"),
    (events) => events.length > 0,
  );
  expect(out[0]?.data).toMatchObject({ state: "logged_out", reason: "logged_out", phone: null });

  await stack.phone("POST", `/phones/${phone}/scan`, { qr: shown.qr });
  await stack.until("logout", (session) => session.state === "connected");
  const { message } = await stack.sendText(connector.url, {
    uid,
    to: "393331000001",
    text: "back",
  });
  await stack.untilMessage({ id: message.id, status: "DELIVERED" });
});

async function want(sessionId: string, desired: "connected" | "disconnected"): Promise<void> {
  const { error } = await stack.client.rpc("set_session_desired", {
    tenant_id: stack.tenantId,
    session_id: sessionId,
    desired,
  });
  if (error !== null) throw new Error(error.message);
}

test("a stop that comes after the tenant connected the session again does not end it", async () => {
  const { uid } = await stack.pair("wanted", "393331000016");
  const epoch = await stack.epochOf(uid);
  await want("wanted", "disconnected");
  await want("wanted", "connected");
  await stack.command(connector.url, { type: "stop", session_uid: uid }).catch(() => undefined);
  await eventually(
    () => stack.epochOf(uid),
    (now) => now > epoch,
    "another claim",
  );
  const back = await stack.until("wanted", (session) => session.state === "connected");
  expect(back.desired).toBe("connected");
});

test("stopped, it stays away with what it needs to come back", async () => {
  const phone = "393331000005";
  const { uid } = await stack.pair("stopped", phone);
  await want("stopped", "disconnected");
  // The connector may have read the wish before: then it does not own the session any more.
  await stack.command(connector.url, { type: "stop", session_uid: uid }).catch(() => undefined);
  const stopped = await stack.until("stopped", (session) => session.state === "disconnected");
  expect(stopped).toMatchObject({ desired: "disconnected", connector_url: null });
  await want("stopped", "connected");
  await stack.until("stopped", (session) => session.state === "connected");
  expect(await linkedDevices(phone)).toHaveLength(1);
});

test("a wish to stop that only the database knows is found", async () => {
  await stack.pair("wished", "393331000006");
  await want("wished", "disconnected");
  const stopped = await stack.until("wished", (session) => session.state === "disconnected");
  expect(stopped.connector_id).toBeNull();
});

test("unlinked, the phone does not list it any more", async () => {
  const phone = "393331000007";
  const { uid } = await stack.pair("unlinked", phone);
  await stack.command(connector.url, { type: "unlink", session_uid: uid });
  await eventually(
    () => linkedDevices(phone),
    (devices) => devices.length === 0,
  );
  expect(await stack.locate("unlinked")).toMatchObject({ state: "disconnected" });
});

test("a deleted session is closed", async () => {
  await stack.pair("deleted", "393331000008");
  const held = async () => {
    const health = await fetch(`${connector.url}/health`);
    return z.object({ sessions: z.number() }).parse(await health.json()).sessions;
  };
  const before = await held();
  await stack.client.rpc("delete_session", { tenant_id: stack.tenantId, session_id: "deleted" });
  expect(await eventually(held, (count) => count < before)).toBe(before - 1);
});

test("a session that another took over is closed, and writes nothing", async () => {
  const { uid } = await stack.pair("fenced", "393331000009");
  await stack.database.pool.query(
    "update whatsapp_sessions set epoch = epoch + 1, state = 'reconnecting' where uid = $1",
    [uid],
  );
  await expect(
    stack.sendText(connector.url, { uid, to: "393331000001", text: "stale" }),
  ).rejects.toMatchObject({ code: expect.stringMatching(/session_unavailable|not_owner/) });
  expect(await stack.messages({ text: "stale" })).toEqual([]);
  expect(await stack.locate("fenced")).toMatchObject({ state: "reconnecting" });
});

test("a session whose claim was answered into the void is claimed again", async () => {
  const uid = await stack.createSession("orphan");
  const { connector_id: owner } = await stack.until("orphan", ({ state }) => state === "qr");
  await stack.client.rpc("set_session_desired", {
    tenant_id: stack.tenantId,
    session_id: "orphan",
    desired: "disconnected",
  });
  await stack.until("orphan", ({ connector_id: held }) => held === null);
  await stack.database.pool.query(
    "update whatsapp_sessions set connector_id = $2, desired = 'connected', state = 'connecting' where uid = $1",
    [uid, owner],
  );
  const taken = await stack.until("orphan", ({ qr }) => qr !== null);
  expect(taken.connector_id).toBe(owner);
});
