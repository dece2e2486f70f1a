import { addPhone } from "../tests/support/phone.ts";
import type { Bare } from "./bare/start.ts";
import { type Environment, runBench } from "./environment/environment.ts";
import { pairSessions, sessionName } from "./environment/pair.ts";
import { databaseCost } from "./support/database-cost.ts";
import { readFlags } from "./support/flags.ts";
import type { Gateway } from "./support/gateway.ts";
import { type Load, runLoad } from "./support/load.ts";
import { cpuOf, perUnit, printProcessTable } from "./support/process-table.ts";
import { totalOf } from "./support/process-tree.ts";
import { median, quantile } from "./support/statistics.ts";
import { printTable, progress } from "./support/table.ts";
import { type Column, columnTitles, reportFigure } from "./support/target-table.ts";

const flags = readFlags("What a sent text costs", {
  messages: { usual: 500, quick: 60, about: "messages of a round" },
  rounds: { usual: 3, quick: 1, about: "rounds, in which the gateways take turns" },
  sessions: { usual: 20, quick: 5, about: "sessions that send in turn" },
  concurrency: { usual: 16, quick: 16, about: "messages at a time" },
  recipients: { usual: 10, quick: 3, about: "phones that receive in turn" },
});
/** Longer than what follows a message takes: receipts, their events and webhooks. */
const quietMs = 500;

interface Level {
  concurrency: number;
  total: number;
}
const many: Level = { concurrency: flags.concurrency, total: flags.messages };
const single: Level = { concurrency: 1, total: Math.ceil(flags.messages / 5) };
const levels = [many, single];

interface Sender {
  column: Column;
  pid: number;
  /** Resolves when all that follows the messages is done. */
  send(level: Level): Promise<Load>;
}
interface Round extends Load {
  total: number;
  cpuMs: Map<string, number>;
}

/** Numbers the batches of messages, so that each has texts of its own. */
let batches = 0;

await runBench(flags, async (environment) => {
  const to: string[] = [];
  for (let count = 0; count < flags.recipients; count++) {
    to.push((await addPhone(environment.sandbox.url)).number);
  }
  const products = await environment.startProducts();
  const bare = environment.startBare();
  const gateways = [...products, await environment.startPlain()];
  progress(`pairing ${flags.sessions} sessions with each`);
  await bare.sendCommand({ type: "pair", count: flags.sessions, batch: 4 });
  for (const gateway of gateways) {
    await pairSessions(environment, gateway, { from: 0, to: flags.sessions, batch: 4 });
  }
  const senders = [
    ...gateways.map((gateway) => gatewaySender(environment, gateway, to)),
    bareSender(bare, to),
  ];
  // The first message of a session to a phone fetches its keys; code is compiled as well.
  progress("warming up");
  const warmUp = { total: flags.sessions * flags.recipients, concurrency: flags.concurrency };
  for (const sender of senders) await sender.send(warmUp);

  const rounds = await runRounds(senders);
  await report(rounds);
  for (const { column, pool } of products) {
    const sender = senders.find((one) => one.column === column);
    if (sender === undefined) continue;
    progress(`database, ${columnTitles[column]}`);
    const cost = await databaseCost(pool, many.total, () => sender.send(many));
    printTable(
      `Database cost of a sent text (${columnTitles[column]}, ${many.concurrency} at a time)`,
      ["commits", "transaction ids", "WAL bytes"],
      [[cost.commits, cost.transactionIds, Math.round(cost.walBytes)]],
    );
  }
});

async function runRounds(senders: Sender[]): Promise<Map<Sender, Map<Level, Round[]>>> {
  const rounds = new Map(senders.map((sender) => [sender, new Map<Level, Round[]>()]));
  for (let round = 1; round <= flags.rounds; round++) {
    progress(`round ${round} of ${flags.rounds}`);
    for (const level of levels) {
      for (const [sender, byLevel] of rounds) {
        const { result, cpuMs } = await cpuOf(sender.pid, () => sender.send(level));
        const measured = { ...result, total: level.total, cpuMs: perUnit(cpuMs, level.total) };
        byLevel.set(level, [...(byLevel.get(level) ?? []), measured]);
      }
    }
  }
  return rounds;
}

function gatewaySender({ receiver }: Environment, gateway: Gateway, to: string[]): Sender {
  return {
    column: gateway.column,
    pid: gateway.pid,
    async send(level) {
      const prefix = `batch ${++batches}: `;
      const load = await runLoad({
        ...level,
        one: (index) =>
          gateway.sendText({
            sessionId: sessionName(index % flags.sessions),
            to: to[Math.floor(index / flags.sessions) % to.length] ?? "",
            text: `${prefix}message ${index}`,
          }),
      });
      const endpoint = gateway.column;
      await receiver.waitForAll({ endpoint, event: "message.sent", prefix, count: level.total });
      await receiver.quiet(quietMs);
      return load;
    },
  };
}

function bareSender(bare: Bare, to: string[]): Sender {
  return {
    column: "bare",
    pid: bare.pid,
    send: (level) => bare.sendCommand({ type: "send", sessions: flags.sessions, ...level, to }),
  };
}

async function report(rounds: Map<Sender, Map<Level, Round[]>>): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const [{ column }, byLevel] of rounds) {
    for (const [level, measured] of byLevel) {
      const rate = median(measured.map(({ total, seconds }) => total / seconds));
      const p50 = median(measured.map(({ latencies }) => quantile(latencies, 0.5)));
      const p95 = median(measured.map(({ latencies }) => quantile(latencies, 0.95)));
      const cpuMs = median(measured.map((round) => totalOf(round.cpuMs)));
      rows.push([columnTitles[column], level.concurrency, rate, p50, p95, cpuMs]);
      if (level === many) {
        await reportFigure({ row: "sendCpu", column, value: cpuMs });
        await reportFigure({ row: "sendRate", column, value: rate });
      } else {
        await reportFigure({ row: "sendLatency", column, value: p50 });
      }
    }
  }
  printTable(
    `Sent texts, ${flags.sessions} sessions: median of ${flags.rounds} rounds; CPU of all processes of a gateway`,
    ["", "at a time", "messages/s", "p50 ms", "p95 ms", "CPU ms/message"],
    rows,
  );
  printProcessTable(
    `CPU ms of a sent text, ${many.concurrency} at a time`,
    [...rounds].map(([{ column }, byLevel]) => ({
      name: columnTitles[column],
      measured: (byLevel.get(many) ?? []).map(({ cpuMs }) => cpuMs),
    })),
  );
}
