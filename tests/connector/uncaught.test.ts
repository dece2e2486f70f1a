import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, Stack } from "./stack.ts";

const preload = new URL("./fail-on-signal.ts", import.meta.url).href;
let stack: Stack;

beforeAll(async () => {
  stack = await Stack.start();
});

afterAll(async () => {
  await stack.stop();
});

async function owners(): Promise<{ held: number; leases: number }> {
  const { rows } = await stack.database.pool.query<{ held: string; leases: string }>(
    `select (select count(*) from whatsapp_sessions where connector_id is not null) as held,
            (select count(*) from connectors where lease_expires_at > now()) as leases`,
  );
  return { held: Number(rows[0]?.held), leases: Number(rows[0]?.leases) };
}

test("a rejection that nobody handles is counted, and the sessions go on", async () => {
  const connector = await stack.spawnConnector({ quick: false, preload });
  await stack.pair("main", "393331234567");
  connector.signal("SIGHUP");
  await eventually(
    async () => (await fetch(connector.metricsUrl)).text(),
    (text) => text.includes('connector_uncaught_errors_total{kind="rejection"} 1'),
    "the metric",
  );
  expect((await fetch(`${connector.url}/health`)).status).toBe(200);
  expect((await stack.locate("main")).state).toBe("connected");

  // An exception ends the process; its lease would last 15 seconds.
  connector.signal("SIGUSR2");
  expect(await connector.exited).toBe(1);
  expect(await owners()).toEqual({ held: 0, leases: 0 });
});

test("a connector whose loop is stuck says so, until it goes on", async () => {
  const connector = await stack.startConnector({ stuckMs: 1000 });
  const status = async () => (await fetch(`${connector.url}/health`)).status;
  await stack.until("main", (session) => session.state === "connected");
  expect(await status()).toBe(200);
  // With this limit a round that waits for the database counts as stuck.
  stack.databasePath.hang();
  try {
    await eventually(status, (code) => code === 503, "503");
  } finally {
    stack.databasePath.pass();
  }
  await eventually(status, (code) => code === 200, "200");
});
