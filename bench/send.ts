import { Pool } from "pg";
import type { Stack } from "../local/stack.ts";
import { type Tenant, until } from "../tests/support/api.ts";
import { addPhone, pairSession } from "../tests/support/phone.ts";
import { type Bare, startBare } from "./bare/start.ts";
import { readFlags } from "./support/flags.ts";
import { type Load, runLoad } from "./support/load.ts";
import {
  addUnlimitedTenant,
  connectorOf,
  databaseOf,
  sandboxOf,
  withStack,
} from "./support/stack.ts";
import { cpuOfEach, printCpuTable } from "./support/cpu-table.ts";
import { median, quantile } from "./support/statistics.ts";
import { printMachine, printTable, progress } from "./support/table.ts";
import { connectorUsage } from "./support/usage.ts";

const flags = readFlags("What a sent message costs, beside bare Baileys on the same sandbox", {
  messages: 1000,
  rounds: 3,
  sessions: 20,
  recipients: 10,
});

/** How many sessions, and how many messages at a time. */
const levels = [
  { sessions: 1, concurrency: 1, total: Math.ceil(flags.messages / 4) },
  { sessions: 1, concurrency: 10, total: flags.messages },
  { sessions: 1, concurrency: 50, total: flags.messages },
  { sessions: flags.sessions, concurrency: flags.sessions * 5, total: flags.messages },
];
type Level = (typeof levels)[number];

interface Sending extends Load {
  cpuMs: number;
  total: number;
}

await withStack(async (stack) => {
  printMachine();
  const bare = startBare(sandboxOf(stack));
  const pool = new Pool({ connectionString: databaseOf(stack), max: 1 });
  try {
    await compare(stack, bare, pool);
  } finally {
    await pool.end();
    await bare.stop();
  }
});
process.exit(0);

async function compare(stack: Stack, bare: Bare, pool: Pool): Promise<void> {
  const sandboxUrl = sandboxOf(stack);
  const tenant = await addUnlimitedTenant(stack);
  const to: string[] = [];
  for (let count = 0; count < flags.recipients; count++) {
    to.push((await addPhone(sandboxUrl)).number);
  }
  progress(`pairing ${flags.sessions} sessions twice`);
  await bare.ask({ type: "pair", count: flags.sessions, batch: 5 });
  for (let count = 0; count < flags.sessions; count++) {
    await pairSession(tenant, sandboxUrl, `s${count}`);
  }

  const ours = new Map<Level, Sending[]>(levels.map((level) => [level, []]));
  const theirs = new Map<Level, Sending[]>(levels.map((level) => [level, []]));
  const sendOurs = (level: Level) => sendThroughStack({ stack, pool, tenant, to, level });
  const sendTheirs = (level: Level) => sendThroughBare({ bare, to, level });
  // The first message of a session to a phone fetches its keys; the code gets hot as well.
  const warmUp = {
    sessions: flags.sessions,
    concurrency: flags.sessions,
    total: flags.sessions * flags.recipients,
  };
  progress("warming up");
  await sendOurs(warmUp);
  await sendTheirs(warmUp);
  const cpuOfRounds: Map<string, number>[] = [];
  for (let round = 1; round <= flags.rounds; round++) {
    progress(`round ${round} of ${flags.rounds}`);
    for (const level of levels) {
      const { result, cpuMs } = await cpuOfEach(level.total, () => sendOurs(level));
      ours.get(level)?.push(result);
      if (level === levels[2]) cpuOfRounds.push(cpuMs);
      theirs.get(level)?.push(await sendTheirs(level));
    }
  }
  report(ours, theirs);
  printCpuTable("Where the CPU of a sent message goes (1 session, 50 at a time)", cpuOfRounds);
}

async function sendThroughStack(input: {
  stack: Stack;
  pool: Pool;
  tenant: Tenant;
  to: string[];
  level: Level;
}): Promise<Sending> {
  const { stack, pool, tenant, to, level } = input;
  const before = await connectorUsage(connectorOf(stack));
  const load = await runLoad({
    ...level,
    one: async (index) => {
      const answer = await tenant.post(`/session/s${index % level.sessions}/send`, {
        to: to[Math.floor(index / level.sessions) % to.length],
        message: `message ${index}`,
      });
      if (answer.status !== 201) throw new Error(`Not sent: ${JSON.stringify(answer.body)}`);
    },
  });
  await until(
    () => pool.query("select from messages where status in ('SENDING', 'SENT') limit 1"),
    ({ rowCount }) => rowCount === 0,
  );
  const after = await connectorUsage(connectorOf(stack));
  return { ...load, cpuMs: after.cpuMs - before.cpuMs, total: level.total };
}

async function sendThroughBare(input: {
  bare: Bare;
  to: string[];
  level: Level;
}): Promise<Sending> {
  const { bare, to, level } = input;
  const before = await bare.ask({ type: "usage" });
  const load = await bare.ask({ type: "send", ...level, to });
  return { ...load, cpuMs: load.usage.cpuMs - before.usage.cpuMs, total: level.total };
}

function report(ours: Map<Level, Sending[]>, theirs: Map<Level, Sending[]>): void {
  const rows = levels.flatMap((level) => {
    const [mine, bare] = [ours.get(level) ?? [], theirs.get(level) ?? []];
    const ratio = cpuPerMessage(mine) / cpuPerMessage(bare);
    const name = `${level.sessions} session${level.sessions > 1 ? "s" : ""}, ${level.concurrency} at a time`;
    return [
      [name, "stack", ...figures(mine), `${ratio.toFixed(2)} x`],
      ["", "bare", ...figures(bare), ""],
    ];
  });
  printTable(
    `Sending: median of ${flags.rounds} rounds. CPU is the connector's, or the bare process's; target 2 x`,
    ["", "", "messages/s", "p50 ms", "p95 ms", "CPU ms/message", "beside bare"],
    rows,
  );
}

function figures(rounds: Sending[]): number[] {
  return [
    Math.round(median(rounds.map(({ total, seconds }) => total / seconds))),
    median(rounds.map(({ latencies }) => quantile(latencies, 0.5))),
    median(rounds.map(({ latencies }) => quantile(latencies, 0.95))),
    cpuPerMessage(rounds),
  ];
}

function cpuPerMessage(rounds: Sending[]): number {
  return median(rounds.map(({ cpuMs, total }) => cpuMs / total));
}
