import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Connector } from "../../connector/connector.ts";
import type { Message } from "../../shared/message.ts";
import { eventually, Stack } from "./stack.ts";

let stack: Stack;
let connector: Connector;
let uid: string;
const ben = "393337654321";
const cleo = "393338888888";
const absent = "393339999999";
const phone = "393331234567";

beforeAll(async () => {
  stack = await Stack.start();
  await stack.phone("POST", "/phones", { phone: ben, name: "Ben" });
  await stack.phone("POST", "/phones", { phone: cleo, name: "Cleo" });
  connector = await stack.startConnector();
  ({ uid } = await stack.pair("main", phone));
  // The first message to anybody takes longer; paces are compared below.
  await stack.sendText(connector.url, { uid, to: ben, text: "first" });
});

afterAll(async () => {
  await stack.stop();
});

beforeEach(() => setInterval(0));

async function setInterval(ms: number): Promise<void> {
  await stack.database.pool.query("update tenants set send_interval_ms = $1", [ms]);
  await stack.database.pool.query("update whatsapp_sessions set next_drip_at = now()");
}

/** As the README says it, many at once. */
async function queue(to: string, ...texts: string[]): Promise<void> {
  const values = texts.map((_, index) => `($1, $${index + 2}, 'QUEUED', 'WHATSAPP', 'main')`);
  await stack.database.pool.query(
    `INSERT INTO messages (phone_number, message, status, platform, session_id)
     VALUES ${values.join(", ")}`,
    [to, ...texts],
  );
}

async function textsAt(reader: string): Promise<(string | undefined)[]> {
  return (await stack.phoneMessages(reader)).map(({ text }) => text);
}

function queued(prefix: string): Promise<Message[]> {
  return stack
    .messages({ source: "queue" })
    .then((messages) => messages.filter(({ text }) => text?.startsWith(prefix)));
}

function untilAllSent(prefix: string): Promise<Message[]> {
  return eventually(
    () => queued(prefix),
    (messages) => messages.every(({ status }) => status === "SENT" || status === "DELIVERED"),
    `all of ${prefix}`,
  );
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix} ${index}`);
}

test("a row inserted by plain SQL is sent, and its event is made", async () => {
  await stack.database.pool.query(
    `INSERT INTO messages (phone_number, message, status, platform, session_id)
     VALUES ('+39 333 765 4321', 'Your message', 'QUEUED', 'WHATSAPP', 'acme_main')`,
  );
  const sent = await stack.untilMessage({ text: "Your message", status: "DELIVERED" });
  expect(sent).toMatchObject({ direction: "out", source: "queue", phone: ben, error: null });
  expect(sent.lid).toMatch(/@lid$/);
  expect(await textsAt(ben)).toContain("Your message");
  const events = await stack.events("message.sent");
  expect(events.filter((event) => event.data["id"] === sent.id)).toHaveLength(1);
});

test("a row is found without waiting for the poll, and without any notification too", async () => {
  await connector.stop();
  connector = await stack.startConnector({ dripPollMs: 60_000 });
  await stack.until("main", ({ state, connector_url }) => {
    return state === "connected" && connector_url === connector.url;
  });
  await queue(ben, "by a notification");
  const notified = await stack.untilMessage({ text: "by a notification", status: "DELIVERED" });
  expect(notified.source).toBe("queue");

  await connector.stop();
  connector = await stack.startConnector();
  await stack.database.pool.query("alter table messages disable trigger messages_before_insert");
  await stack.database.pool.query(
    `insert into messages (tenant_id, session_uid, session_id, chat_id, message, status)
     values ($1, $2, 'main', $3, 'by the poll', 'QUEUED')`,
    [stack.tenantId, uid, `${ben}@s.whatsapp.net`],
  );
  await stack.database.pool.query("alter table messages enable trigger messages_before_insert");
  await stack.untilMessage({ text: "by the poll", status: "DELIVERED" });
});

test("messages keep their order and their distance", async () => {
  const intervalMs = 300;
  await setInterval(intervalMs);
  const texts = numbered("paced", 5);
  await queue(ben, ...texts);
  const sent = await untilAllSent("paced");
  expect((await textsAt(ben)).filter((text) => text?.startsWith("paced"))).toEqual(texts);
  const times = sent.map(({ sent_at }) => Date.parse(sent_at ?? ""));
  // Sent at, and not due at: how long an ack takes differs from message to message.
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(4 * 0.7 * intervalMs);
});

test("the pace of a session comes before that of its tenant, and a full minute before both", async () => {
  await setInterval(60_000);
  const set = (column: string, value: number | null) =>
    stack.database.pool.query(
      `update whatsapp_sessions set ${column} = $1, next_drip_at = now() where uid = $2`,
      [value, uid],
    );
  await set("max_messages_per_minute", 120);
  const startedAt = performance.now();
  await queue(ben, ...numbered("session pace", 3));
  await untilAllSent("session pace");
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  await set("max_messages_per_minute", null);
});

test("a clock that is set back stops the queue for one interval at most", async () => {
  const intervalMs = 500;
  await setInterval(intervalMs);
  await stack.database.pool.query(
    "update whatsapp_sessions set next_drip_at = now() + interval '1 hour'",
  );
  await queue(ben, "after the clock was set back");
  const sent = await stack.untilMessage({
    text: "after the clock was set back",
    status: "DELIVERED",
  });
  expect(sent.error).toBeNull();
});

test("a number that is not on WhatsApp uses no turn", async () => {
  await setInterval(60_000);
  for (const number of [1, 2, 3]) await queue(absent, `no turn ${number}`);
  await queue(ben, "the turn", "the next turn");
  await stack.untilMessage({ text: "the turn", status: "DELIVERED" });
  const failed = await queued("no turn");
  expect(failed.map(({ error }) => error?.code)).toEqual(Array(3).fill("not_on_whatsapp"));
  const [next] = await queued("the next turn");
  expect(next?.status).toBe("QUEUED");
  await setInterval(0);
  await stack.untilMessage({ text: "the next turn", status: "DELIVERED" });
});

test("a restart does not send earlier than the pace says", async () => {
  const intervalMs = 3000;
  await setInterval(intervalMs);
  await queue(ben, ...numbered("over a restart", 2));
  await stack.untilMessage({ text: "over a restart 0", status: "DELIVERED" });
  await connector.stop();
  connector = await stack.startConnector();
  const [first, second] = await untilAllSent("over a restart");
  const distance = Date.parse(second?.sent_at ?? "") - Date.parse(first?.sent_at ?? "");
  expect(distance).toBeGreaterThanOrEqual(0.6 * intervalMs);
});

test("the same text to the same chat that waits behind itself is dropped, and said to be", async () => {
  const client = await stack.database.pool.connect();
  await client.query("begin");
  const insert = `insert into messages (phone_number, message, status, session_id)
                  values ($1, $2, 'QUEUED', 'main')`;
  for (const to of [ben, ben, cleo]) await client.query(insert, [to, "twin"]);
  await client.query("commit");
  client.release();

  const failed = await stack.untilMessage({ text: "twin", status: "FAILED" });
  expect(failed.error?.code).toBe("duplicate");
  await stack.untilMessage({ text: "twin", status: "DELIVERED", phone: ben });
  await stack.untilMessage({ text: "twin", status: "DELIVERED", phone: cleo });
  expect((await textsAt(ben)).filter((text) => text === "twin")).toHaveLength(1);
  const events = await stack.events("message.failed");
  expect(events.filter((event) => event.data["id"] === failed.id)).toHaveLength(1);

  // Once it was sent, the same text is a new message.
  await queue(ben, "twin");
  await eventually(
    async () => (await textsAt(ben)).filter((text) => text === "twin").length,
    (count) => count === 2,
  );
});

test("a number that is not on WhatsApp fails at once, and holds up nobody", async () => {
  await queue(absent, "to nobody");
  await queue(ben, "to somebody");
  await stack.untilMessage({ text: "to somebody", status: "DELIVERED" });
  const [failed] = await queued("to nobody");
  expect(failed).toMatchObject({ status: "FAILED", error: { code: "not_on_whatsapp" } });
  const events = await stack.events("message.failed");
  expect(events.filter((event) => event.data["id"] === failed?.id)).toHaveLength(1);
});

test("what cannot be sent for now is tried three times more, while other chats go on", async () => {
  // Nobody on this network knows such a group.
  await stack.database.pool.query(
    `insert into messages (chat_id, message, status, session_id)
     values ('120363000000000000@g.us', 'to a group', 'QUEUED', 'main')`,
  );
  await queue(ben, "meanwhile");
  await stack.untilMessage({ text: "meanwhile", status: "DELIVERED" });
  const failed = await stack.untilMessage({ text: "to a group", status: "FAILED" });
  expect(failed.error?.code).toBe("send_failed");
  const { rows } = await stack.database.pool.query("select attempts from messages where id = $1", [
    failed.id,
  ]);
  expect(rows).toEqual([{ attempts: 4 }]);
  const events = await stack.events("message.failed");
  expect(events.filter((event) => event.data["id"] === failed.id)).toHaveLength(1);
});

test("a stopped session keeps its queue, and goes on with it when it is connected again", async () => {
  const set = (desired: "connected" | "disconnected") =>
    stack.client.rpc("set_session_desired", {
      tenant_id: stack.tenantId,
      session_id: "main",
      desired,
    });
  await set("disconnected");
  await stack.until("main", ({ state, connector_id }) => {
    return state === "disconnected" && connector_id === null;
  });
  await queue(ben, ...numbered("waited", 2));
  // Another session goes on meanwhile: the connector looked, and left these alone.
  const other = await stack.pair("other", "393335550000");
  await stack.database.pool.query(
    `insert into messages (phone_number, message, status, session_id)
     values ($1, 'from the other', 'QUEUED', 'other')`,
    [ben],
  );
  const beside = await stack.untilMessage({ text: "from the other", status: "DELIVERED" });
  expect(beside.session_id).toBe("other");
  expect(other.phone).toBe("393335550000");
  expect((await queued("waited")).map(({ status }) => status)).toEqual(["QUEUED", "QUEUED"]);

  await set("connected");
  await untilAllSent("waited");
  expect((await textsAt(ben)).filter((text) => text?.startsWith("waited"))).toEqual(
    numbered("waited", 2),
  );
});

test("killed in the middle of its queue, the next one sends the rest, each once", async () => {
  await connector.stop();
  const first = await stack.spawnConnector({ quick: true });
  await stack.until("main", ({ state, connector_url }) => {
    return state === "connected" && connector_url === first.url;
  });
  await setInterval(100);
  const texts = numbered("killed", 12);
  await queue(ben, ...texts);
  await eventually(
    () => queued("killed"),
    (messages) => messages.some(({ status }) => status !== "QUEUED" && status !== "SENDING"),
  );
  await first.kill();
  const left = (await queued("killed")).filter(({ status }) => status === "QUEUED");
  expect(left.length).toBeGreaterThan(0);

  connector = await stack.startConnector();
  await untilAllSent("killed");
  const decrypted = await eventually(
    async () => (await textsAt(ben)).filter((text) => text?.startsWith("killed")),
    (found) => found.length >= texts.length,
  );
  expect(decrypted).toEqual(texts);
});
