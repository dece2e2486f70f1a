import { addPhone } from "../tests/support/phone.ts";
import { runBench } from "./environment/environment.ts";
import { pairSessions, sessionName } from "./environment/pair.ts";
import type { Gateway } from "./support/gateway.ts";
import { readFlags } from "./support/flags.ts";
import { runLoad } from "./support/load.ts";
import { memoryByProcess, totalOf } from "./support/process-tree.ts";
import { printTable, progress } from "./support/table.ts";
import { columnTitles } from "./support/target-table.ts";

const flags = readFlags("Memory while messages are sent: whether its growth ends", {
  messages: { usual: 20_000, quick: 500, about: "messages in all" },
  sessions: { usual: 5, quick: 2, about: "sessions that send in turn" },
  readings: { usual: 10, quick: 5, about: "readings of the memory, evenly spread" },
  concurrency: { usual: 16, quick: 16, about: "messages at a time" },
});
const recipients = 5;
const mebibyte = 2 ** 20;

await runBench(flags, async (environment) => {
  const to: string[] = [];
  for (let count = 0; count < recipients; count++) {
    to.push((await addPhone(environment.sandbox.url)).number);
  }
  for (const product of await environment.startProducts()) {
    await pairSessions(environment, product, { from: 0, to: flags.sessions, batch: 4 });
    printReadings(columnTitles[product.column], await readWhileSending(product, to));
  }
});

interface Reading {
  sent: number;
  perSecond: number;
  bytes: Map<string, number>;
}

async function readWhileSending(gateway: Gateway, to: string[]): Promise<Reading[]> {
  const readings: Reading[] = [
    { sent: 0, perSecond: Number.NaN, bytes: memoryByProcess(gateway.pid) },
  ];
  const total = Math.ceil(flags.messages / flags.readings);
  for (let reading = 1; reading <= flags.readings; reading++) {
    const { seconds } = await runLoad({
      total,
      concurrency: flags.concurrency,
      one: (index) =>
        gateway.sendText({
          sessionId: sessionName(index % flags.sessions),
          to: to[index % to.length] ?? "",
          text: `reading ${reading}, message ${index}`,
        }),
    });
    const bytes = memoryByProcess(gateway.pid);
    readings.push({ sent: reading * total, perSecond: total / seconds, bytes });
    progress(`${reading * total} messages, ${megabytes(totalOf(bytes))} MB`);
  }
  return readings;
}

function printReadings(name: string, readings: Reading[]): void {
  const processes = [...new Set(readings.flatMap(({ bytes }) => [...bytes.keys()]))];
  printTable(
    `PSS in MB while messages are sent (${name}, ${flags.concurrency} at a time)`,
    ["messages", "per s", ...processes, "total"],
    readings.map(({ sent, perSecond, bytes }) => [
      sent,
      perSecond,
      ...processes.map((process) => megabytes(bytes.get(process) ?? 0)),
      megabytes(totalOf(bytes)),
    ]),
  );
}

function megabytes(bytes: number): number {
  return Math.round(bytes / mebibyte);
}
