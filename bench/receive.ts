import { addPhone, type Phone } from "../tests/support/phone.ts";
import { type Environment, runBench } from "./environment/environment.ts";
import { pairSessions } from "./environment/pair.ts";
import { databaseCost } from "./support/database-cost.ts";
import { readFlags } from "./support/flags.ts";
import type { Gateway } from "./support/gateway.ts";
import { runLoad } from "./support/load.ts";
import { cpuOf, perUnit, printProcessTable } from "./support/process-table.ts";
import { totalOf } from "./support/process-tree.ts";
import { median, quantile } from "./support/statistics.ts";
import { printTable, progress } from "./support/table.ts";
import { type Column, columnTitles, reportFigure } from "./support/target-table.ts";

const flags = readFlags("What an incoming text costs, from the phone to the webhook", {
  messages: { usual: 1000, quick: 100, about: "messages of a round" },
  rounds: { usual: 3, quick: 1, about: "rounds, in which the gateways take turns" },
  sessions: { usual: 20, quick: 5, about: "sessions that receive in turn" },
  concurrency: { usual: 16, quick: 16, about: "messages at a time" },
  phones: { usual: 10, quick: 3, about: "phones that write in turn" },
});
const quietMs = 500;

interface Target {
  column: Column;
  pid: number;
  /** The phone numbers of its sessions. */
  numbers: string[];
  /** When each text that starts with the prefix arrived, at the webhook or in bare Baileys. */
  arrivals(prefix: string, count: number): Promise<Map<string, number>>;
}
interface Round {
  rate: number;
  latencies: number[];
  cpuMs: Map<string, number>;
}

/** Numbers the batches of messages, so that each has texts of its own. */
let batches = 0;

await runBench(flags, async (environment) => {
  const phones: Phone[] = [];
  for (let count = 0; count < flags.phones; count++) {
    phones.push(await addPhone(environment.sandbox.url));
  }
  const products = await environment.startProducts();
  const bare = environment.startBare();
  const gateways = [...products, await environment.startPlain()];
  progress(`pairing ${flags.sessions} sessions with each`);
  const paired = await bare.sendCommand({ type: "pair", count: flags.sessions, batch: 4 });
  const targets: Target[] = [];
  for (const gateway of gateways) targets.push(await gatewayTarget(environment, gateway));
  targets.push({
    column: "bare",
    pid: bare.pid,
    numbers: paired.numbers,
    arrivals: async (prefix, count) =>
      new Map((await bare.sendCommand({ type: "receive", prefix, count })).arrivals),
  });
  // The first message of a phone to a session fetches its keys; code is compiled as well.
  progress("warming up");
  for (const target of targets) await receive(target, phones, flags.sessions * flags.phones);

  const rounds = new Map(targets.map((target): [Target, Round[]] => [target, []]));
  for (let round = 1; round <= flags.rounds; round++) {
    progress(`round ${round} of ${flags.rounds}`);
    for (const [target, measured] of rounds) {
      measured.push(await measure(target, phones));
    }
  }
  await report(rounds);
  for (const { column, pool } of products) {
    const target = targets.find((one) => one.column === column);
    if (target === undefined) continue;
    progress(`database, ${columnTitles[column]}`);
    const cost = await databaseCost(pool, flags.messages, () =>
      receive(target, phones, flags.messages),
    );
    printTable(
      `Database cost of an incoming text (${columnTitles[column]}, ${flags.concurrency} at a time)`,
      ["commits", "transaction ids", "WAL bytes"],
      [[cost.commits, cost.transactionIds, Math.round(cost.walBytes)]],
    );
  }
});

async function gatewayTarget(environment: Environment, gateway: Gateway): Promise<Target> {
  const { receiver } = environment;
  const sessions = { from: 0, to: flags.sessions, batch: 4 };
  const { numbers } = await pairSessions(environment, gateway, sessions);
  const endpoint = gateway.column;
  return {
    column: endpoint,
    pid: gateway.pid,
    numbers,
    async arrivals(prefix, count) {
      const wait = { endpoint, event: "message.received", prefix, count };
      const arrivals = await receiver.waitForAll(wait);
      await receiver.quiet(quietMs);
      return arrivals;
    },
  };
}

async function measure(target: Target, phones: Phone[]): Promise<Round> {
  const { result, cpuMs } = await cpuOf(target.pid, () => receive(target, phones, flags.messages));
  return { ...result, cpuMs: perUnit(cpuMs, flags.messages) };
}

/** The rate is from the first message until the last one has arrived. */
async function receive(
  { numbers, arrivals }: Target,
  phones: Phone[],
  total: number,
): Promise<Omit<Round, "cpuMs">> {
  const prefix = `batch ${++batches}: `;
  const sentAt = new Map<string, number>();
  const startedAt = performance.timeOrigin + performance.now();
  await runLoad({
    total,
    concurrency: flags.concurrency,
    one: async (index) => {
      const text = `${prefix}message ${index}`;
      const phone = phones[Math.floor(index / numbers.length) % phones.length];
      sentAt.set(text, performance.timeOrigin + performance.now());
      await phone?.say(numbers[index % numbers.length] ?? "", text);
    },
  });
  const arrivedAt = await arrivals(prefix, total);
  const lastAt = [...arrivedAt.values()].reduce((last, at) => Math.max(last, at), startedAt);
  return {
    rate: (total * 1000) / (lastAt - startedAt),
    latencies: [...sentAt].map(([text, at]) => (arrivedAt.get(text) ?? Number.NaN) - at),
  };
}

async function report(rounds: Map<Target, Round[]>): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const [{ column }, measured] of rounds) {
    const rate = median(measured.map((round) => round.rate));
    const cpuMs = median(measured.map((round) => totalOf(round.cpuMs)));
    rows.push([
      columnTitles[column],
      rate,
      median(measured.map(({ latencies }) => quantile(latencies, 0.5))),
      median(measured.map(({ latencies }) => quantile(latencies, 0.95))),
      cpuMs,
    ]);
    await reportFigure({ row: "receiveRate", column, value: rate });
    await reportFigure({ row: "receiveCpu", column, value: cpuMs });
  }
  printTable(
    `Incoming texts, ${flags.sessions} sessions, ${flags.concurrency} at a time: median of ${flags.rounds} rounds. To the webhook, with bare Baileys to its event`,
    ["", "messages/s", "p50 ms", "p95 ms", "CPU ms/message"],
    rows,
  );
  printProcessTable(
    "CPU ms of an incoming text",
    [...rounds].map(([{ column }, measured]) => ({
      name: columnTitles[column],
      measured: measured.map(({ cpuMs }) => cpuMs),
    })),
  );
}
