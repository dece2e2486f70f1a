import { afterAll, beforeAll, expect, test } from "vitest";
import type { Connector } from "../../connector/connector.ts";
import type { TcpProxy } from "../support/tcp-proxy.ts";
import { eventually, Stack } from "./stack.ts";

let stack: Stack;
let connector: Connector;
let second: Connector;
const ben = "393337654321";
const phones = { main: "393331234567", other: "393331234568" };
const uids: Record<string, string> = {};

beforeAll(async () => {
  stack = await Stack.start();
  connector = await stack.startConnector();
  await stack.phone("POST", "/phones", { phone: ben, name: "Ben" });
  for (const [id, phone] of Object.entries(phones)) uids[id] = (await stack.pair(id, phone)).uid;
});

afterAll(async () => {
  await stack.stop();
});

async function openSockets(): Promise<number> {
  const devices = await Promise.all(
    Object.values(phones).map((phone) => stack.linkedDevices(phone)),
  );
  return devices.flat().filter(({ online }) => online).length;
}

async function leaseEnd(): Promise<{ id: string; endsAt: number }> {
  const { rows } = await stack.database.pool.query<{ id: string; lease_expires_at: Date }>(
    "select id, lease_expires_at from connectors order by lease_expires_at desc limit 1",
  );
  const [lease] = rows;
  if (lease === undefined) throw new Error("no connector has a lease");
  return { id: lease.id, endsAt: lease.lease_expires_at.getTime() };
}

async function areBack(): Promise<void> {
  await eventually(openSockets, (open) => open === 2, "both sockets");
  for (const id of Object.keys(phones)) await stack.until(id, (is) => is.state === "connected");
}

test.each<[string, (path: TcpProxy) => void]>([
  ["hangs", (path) => path.hang()],
  ["answers too slowly", (path) => path.slow(6000)],
  ["is cut half-open", (path) => path.cutHalfOpen()],
  ["refuses", (path) => path.refuse()],
])("when the database %s, no socket is open when the lease ends", async (_, fail) => {
  expect(await openSockets()).toBe(2);
  // Something is under way in each of the connector's loops.
  const sends = Object.values(uids).map((uid) =>
    stack.sendText(connector.url, { uid, to: ben, text: "under way" }).catch(() => undefined),
  );
  const { id } = await leaseEnd();
  fail(stack.databasePath);
  try {
    let seenOpenAt = 0;
    await eventually(
      async () => {
        const askedAt = Date.now();
        const open = await openSockets();
        if (open > 0) seenOpenAt = askedAt;
        return open;
      },
      (open) => open === 0,
      "the end of all sockets",
    );
    const lease = await leaseEnd();
    expect(lease.id).toBe(id);
    expect(seenOpenAt).toBeLessThan(lease.endsAt);
    await Promise.all(sends);
  } finally {
    stack.databasePath.pass();
  }
  await areBack();
});

test("a message whose ack could not be stored is answered as SENDING, so that nobody repeats it", async () => {
  const [uid = ""] = Object.values(uids);
  // A receipt of the phone would say before the ack that the message was accepted.
  await stack.phone("POST", `/phones/${ben}/behaviour`, { online: false });
  const sends = [];
  for (const [index, text] of ["first", "second", "third"].entries()) {
    await stack.phone("POST", "/faults", {
      kind: "delay-acks",
      phone: phones.main,
      delayMs: 600 + index * 100,
    });
    sends.push(stack.sendText(connector.url, { uid, to: ben, text }));
    await stack.untilMessage({ text, status: "SENDING" });
  }
  stack.databasePath.hang();
  try {
    const answers = await Promise.all(sends);
    expect(answers.map(({ message }) => message.status)).toEqual(["SENDING", "SENDING", "SENDING"]);
  } finally {
    stack.databasePath.pass();
  }
  await areBack();
  await stack.phone("POST", `/phones/${ben}/behaviour`, { online: true });
  await stack.untilMessage({ text: "third", status: "DELIVERED" });
  const received = (await stack.phoneMessages(ben)).filter(({ text }) => text === "third");
  expect(received).toHaveLength(1);
});

test("another connector takes over when the lease ends, and nobody is replaced", async () => {
  const path = stack.databasePath;
  // Reaches the database by a path of its own.
  second = await stack.startConnector({}, { DATABASE_URL: stack.database.databaseUrl });
  path.hang();
  try {
    await stack.until("main", ({ connector_url: url, state }) => {
      return url === second.url && state === "connected";
    });
  } finally {
    path.pass();
  }
  await areBack();
  const ends = await stack.events("session.disconnected");
  expect(ends.filter(({ data }) => data["reason"] === "replaced")).toEqual([]);
});

test("a connector that stops while the database hangs leaves no socket open", async () => {
  await second.stop();
  await areBack();
  expect((await stack.locate("main")).connector_url).toBe(connector.url);
  stack.databasePath.hang();
  try {
    await connector.stop();
    expect(await openSockets()).toBe(0);
  } finally {
    stack.databasePath.pass();
  }
});

test("a connector that stops closes sockets whose peer hangs", async () => {
  const path = await stack.proxySandbox();
  const third = await stack.startConnector({}, { SANDBOX_WS_URL: path.url });
  await areBack();
  path.proxy.hang();
  const startedAt = performance.now();
  await third.stop();
  expect(performance.now() - startedAt).toBeLessThan(5000);
  path.proxy.pass();
  await eventually(openSockets, (open) => open === 0, "the end of all sockets");
});
