import { setTimeout as sleep } from "node:timers/promises";
import { addPhone, type Phone } from "../tests/support/phone.ts";
import { runBench } from "./environment/environment.ts";
import { pairSessions, sessionName } from "./environment/pair.ts";
import type { Product } from "./product/start.ts";
import { readFlags } from "./support/flags.ts";
import { cpuOf, perUnit, printProcessTable } from "./support/process-table.ts";
import { median, quantile } from "./support/statistics.ts";
import { printTable, progress } from "./support/table.ts";
import { columnTitles } from "./support/target-table.ts";

const flags = readFlags(
  "How a queue of many sessions goes out: in order, each message once, at its pace",
  {
    rows: { usual: 10_000, quick: 60, about: "rows that one INSERT queues" },
    sessions: { usual: 50, quick: 3, about: "sessions that send them" },
    interval: { usual: 1000, quick: 500, about: "send_interval_ms" },
    recipients: { usual: 10, quick: 2, about: "phones that receive in turn" },
  },
);
const pollMs = 1000;

interface Sent {
  session_id: string;
  text: string;
  status: string;
  sent_ms: number | null;
}

await runBench(flags, async (environment) => {
  const phones: Phone[] = [];
  for (let count = 0; count < flags.recipients; count++) {
    phones.push(await addPhone(environment.sandbox.url));
  }
  for (const product of await environment.startProducts()) {
    progress(`pairing ${flags.sessions} sessions`);
    await pairSessions(environment, product, { from: 0, to: flags.sessions, batch: 4 });
    const { result, cpuMs } = await cpuOf(product.pid, () => drain(product, phones));
    const title = columnTitles[product.column];
    report(title, result, await receivedTwice(phones));
    printProcessTable("CPU ms of a queued message", [
      { name: title, measured: [perUnit(cpuMs, flags.rows)] },
    ]);
    await environment.stopNow(product);
  }
});

/** Queues all rows with one INSERT and waits until none is left. */
async function drain(product: Product, phones: readonly Phone[]): Promise<Sent[]> {
  const { pool, tenant } = product;
  await pool.query("update tenants set send_interval_ms = $1 where tenant_id = $2", [
    flags.interval,
    tenant.id,
  ]);
  const names = Array.from({ length: flags.sessions }, (_, index) => sessionName(index));
  await pool.query(
    `INSERT INTO messages (phone_number, message, status, platform, session_id)
     SELECT ($2::text[])[1 + n / cardinality($3::text[]) % cardinality($2::text[])],
            'queued ' || n, 'QUEUED', 'WHATSAPP',
            $1 || '_' || ($3::text[])[1 + n % cardinality($3::text[])]
     FROM generate_series(0, $4::integer - 1) n ORDER BY n`,
    [tenant.id, phones.map(({ number }) => number), names, flags.rows],
  );
  for (;;) {
    await sleep(pollMs);
    const { rows } = await pool.query<{ open: string }>(
      `select count(*) as open from messages
       where tenant_id = $1 and rare_status in ('QUEUED', 'SENDING')`,
      [tenant.id],
    );
    const open = Number(rows[0]?.open);
    progress(`${open} of ${flags.rows} left`);
    if (open === 0) break;
  }
  const { rows } = await pool.query<Sent>(
    `select session_id, message as text, status, extract(epoch from sent_at)::float8 * 1000 as sent_ms
     from messages where tenant_id = $1 and source = 'queue' order by id`,
    [tenant.id],
  );
  return rows;
}

/** How many texts a phone has more than once. */
async function receivedTwice(phones: readonly Phone[]): Promise<number> {
  let twice = 0;
  for (const phone of phones) {
    const { body } = await phone.get<{ data: { text: string }[] }>("/messages");
    const texts = body.data.map(({ text }) => text);
    twice += texts.length - new Set(texts).size;
  }
  return twice;
}

function report(title: string, sent: readonly Sent[], twice: number): void {
  const bySession = Map.groupBy(sent, ({ session_id }) => session_id);
  const distances: number[] = [];
  const means: number[] = [];
  let outOfOrder = 0;
  for (const messages of bySession.values()) {
    const times = messages.flatMap(({ sent_ms }) => (sent_ms === null ? [] : [sent_ms]));
    const apart = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    outOfOrder += apart.filter((ms) => ms < 0).length;
    distances.push(...apart);
    means.push(((times.at(-1) ?? 0) - (times[0] ?? 0)) / (times.length - 1));
  }
  const failed = sent.filter(({ status }) => status === "FAILED").length;
  printTable(
    `A queue of ${flags.sessions} sessions, one message every ${flags.interval} ms (${title})`,
    ["", ""],
    [
      ["rows", sent.length],
      ["failed", failed],
      ["received twice", twice],
      ["out of order", outOfOrder],
      ["mean distance of a session, median of sessions, ms", median(means)],
      ["  smallest", quantile(means, 0)],
      ["  largest", quantile(means, 1)],
      ["distance of two messages, p1, ms", quantile(distances, 0.01)],
      ["  p99", quantile(distances, 0.99)],
    ],
  );
}
