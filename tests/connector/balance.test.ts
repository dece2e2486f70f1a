import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Connector } from "../../connector/connector.ts";
import { CommandFailed, eventually, Stack } from "./stack.ts";

const timing = { balanceEveryMs: 300, heldMs: 500 };
const names = Array.from({ length: 7 }, (_, index) => `s${index}`);
const ben = "393337654321";

let stack: Stack;
const uids = new Map<string, string>();
const connectors: Connector[] = [];
const over = new AbortController();
const refused: unknown[] = [];
let texts = 0;

beforeAll(async () => {
  stack = await Stack.start();
  await stack.phone("POST", "/phones", { phone: ben, name: "Ben" });
  connectors.push(await stack.startConnector(timing));
  for (const [index, name] of names.entries()) {
    uids.set(name, (await stack.pair(name, `39333000000${index}`)).uid);
  }
}, 60_000);

afterAll(async () => {
  over.abort();
  await stack.stop();
});

/** How many sessions each connector has, the fullest first. */
async function shares(): Promise<number[]> {
  const { rows } = await stack.database.pool.query<{ count: number }>(
    `select count(*)::int as count from whatsapp_sessions
       where connector_id is not null and state = 'connected' group by connector_id order by 1 desc`,
  );
  return rows.map(({ count }) => count);
}

/** Sends as the control plane does: it waits while a session moves. */
async function sendOnce(name: string): Promise<void> {
  const text = `${name} ${(texts += 1)}`;
  for (;;) {
    const { connector_url: url } = await stack.locate(name);
    try {
      if (url !== null) {
        await stack.sendText(url, { uid: uids.get(name) ?? "", to: ben, text });
        return;
      }
    } catch (error) {
      const mayWait = error instanceof CommandFailed && /not_owner|unavailable/.test(error.code);
      if (!mayWait || error.code === "connector_unavailable") refused.push(error);
      if (!mayWait) return;
    }
    await sleep(50);
  }
}

test("sessions are spread evenly when a second and a third connector join, and stay there", async () => {
  const sending = names.map(async (name) => {
    while (!over.signal.aborted) {
      await sendOnce(name);
      await sleep(100);
    }
  });
  expect(await shares()).toEqual([7]);
  connectors.push(await stack.startConnector(timing));
  await eventually(shares, (counts) => counts.join() === "4,3", "4 and 3 sessions");
  connectors.push(await stack.startConnector(timing));
  await eventually(shares, (counts) => counts.join() === "3,2,2", "3, 2 and 2 sessions");

  const epochs = () => Promise.all([...uids.values()].map((uid) => stack.epochOf(uid)));
  const before = await epochs();
  await sleep(5 * timing.balanceEveryMs);
  expect(await epochs()).toEqual(before);
  over.abort();
  await Promise.all(sending);

  expect(refused).toEqual([]);
  await eventually(
    () => stack.messages({ direction: "out", status: "DELIVERED" }),
    (messages) => messages.length === texts,
    "all messages",
  );
  const arrived = (await stack.phoneMessages(ben)).map(({ text }) => text);
  expect(arrived).toHaveLength(texts);
  expect(new Set(arrived).size).toBe(texts);
  const { rows } = await stack.database.pool.query<{ reason: string }>(
    `select distinct last_disconnect ->> 'reason' as reason from whatsapp_sessions where epoch > 1`,
  );
  expect(rows).toEqual([{ reason: "moved" }]);
}, 90_000);
