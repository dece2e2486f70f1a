import { randomUUID } from "node:crypto";
import { mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { pino } from "pino";
import { applyMigrations } from "../local/postgres/apply-migrations.ts";
import { prepareDatabase } from "../local/postgres/prepare-database.ts";
import { startPostgres } from "../local/postgres/start-postgres.ts";
import { printDisk } from "./scale/disk.ts";
import { fillDatabase, sessionsPerTenant, type Size } from "./scale/fill-database.ts";
import { operations } from "./scale/operations.ts";
import { timeOperation } from "./scale/time-operation.ts";
import { timeWholeDatabase } from "./scale/whole-database.ts";
import { readFlags } from "./support/flags.ts";
import { printMachine } from "./support/machine.ts";
import { printTable, progress } from "./support/table.ts";

const flags = readFlags("The database with one tenant and with many", {
  tenants: { usual: 10_000, quick: 1000, about: "tenants, of ten sessions each" },
  messages: { usual: 20_000_000, quick: 1_000_000, about: "messages of all tenants" },
  runs: { usual: 43, quick: 13, about: "runs of each operation" },
});
const targetRatio = 1.5;
/** Measured: tables, indexes and WAL of a message with its events and deliveries. */
const bytesPerMessage = 2200;
const spareBytes = 5e9;
const migrationsDir = fileURLToPath(new URL("../supabase/migrations/", import.meta.url));

const problem = await findProblem(flags);
if (problem === undefined) {
  await run();
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}

async function findProblem({ tenants, messages, runs }: typeof flags): Promise<string | undefined> {
  if (tenants < 40 || tenants % 40 !== 0) return "--tenants must be a multiple of 40, 40 at least.";
  if (messages < tenants * 100) return "--messages must be at least 100 for each tenant.";
  if (runs < 1) return "--runs must be at least 1.";
  const { bavail, bsize } = await statfs(tmpdir());
  const needed = messages * bytesPerMessage + spareBytes;
  if (bavail * bsize >= needed) return undefined;
  return `${asGigabytes(messages * bytesPerMessage)} GB are needed for ${messages} messages, and ${asGigabytes(spareBytes)} GB are left free; ${tmpdir()} has ${asGigabytes(bavail * bsize)} GB. Set TMPDIR to a larger disk, or use fewer --messages.`;
}

async function run(): Promise<void> {
  printMachine();
  const dataDir = await mkdtemp(join(tmpdir(), "whatsapp-microservice-bench-"));
  const postgres = await startPostgres({
    dataDir,
    port: 0,
    password: randomUUID(),
    // Every run is rolled back: no figure holds a sync, and filling is faster without.
    durable: false,
    log: pino({ level: "warn" }, pino.destination(2)),
  });
  const client = new Client({ connectionString: postgres.databaseUrl });
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    void postgres.stop();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  client.on("error", () => {});
  try {
    await prepareDatabase(postgres.databaseUrl);
    await applyMigrations(postgres.databaseUrl, migrationsDir);
    await client.connect();
    await compare(client);
  } catch (error) {
    if (!interrupted) throw error;
    process.exitCode = 130;
  } finally {
    await client.end().catch(() => {});
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function compare(client: Client): Promise<void> {
  const full: Size = { tenants: flags.tenants, messages: flags.messages };
  await fillDatabase(client, { ...full, only: 1 });
  const before = await timeAll(client);
  await fillDatabase(client, full);
  const after = await timeAll(client);
  printTable(
    `Milliseconds in the database, one tenant alone and among ${full.tenants} tenants, ${full.tenants * sessionsPerTenant} sessions and ${full.messages} messages; target: at most ${targetRatio} times`,
    ["", "alone", "filled", "ratio", ""],
    operations.map(({ name }, index) => {
      const ratio = after[index]! / before[index]!;
      return [name, before[index]!, after[index]!, ratio, ratio > targetRatio ? "missed" : ""];
    }),
  );
  await printDisk(client, full);
  await timeWholeDatabase(client);
}

async function timeAll(client: Client): Promise<number[]> {
  progress(`${operations.length} operations, ${flags.runs} times each`);
  const times: number[] = [];
  for (const operation of operations) {
    times.push(await timeOperation(client, operation, flags.runs));
  }
  return times;
}

function asGigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(0);
}
