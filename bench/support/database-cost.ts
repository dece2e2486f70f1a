import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";

/** A PostgreSQL backend adds its counts to pg_stat_database after 10 s without work at the latest. */
const flushMs = 10_500;

export interface DatabaseCost {
  /** Transactions committed, reads included, less what an idle product commits meanwhile. */
  commits: number;
  /** Transactions and subtransactions that wrote something. */
  transactionIds: number;
  walBytes: number;
}

/** What each of `count` units of work costs the database; takes half a minute longer than `work`. */
export async function databaseCost(
  pool: Pool,
  count: number,
  work: () => Promise<unknown>,
): Promise<DatabaseCost> {
  await sleep(flushMs);
  const idleFrom = await readCounters(pool);
  await sleep(flushMs);
  const before = await readCounters(pool);
  const startedAt = performance.now();
  await work();
  const worked = await readCounters(pool);
  await sleep(flushMs);
  const after = await readCounters(pool);
  const idleCommits = (before.commits - idleFrom.commits) / flushMs;
  const commits = after.commits - before.commits - idleCommits * (performance.now() - startedAt);
  return {
    commits: commits / count,
    transactionIds: (worked.transactionIds - before.transactionIds) / count,
    walBytes: (worked.walBytes - before.walBytes) / count,
  };
}

async function readCounters(pool: Pool): Promise<DatabaseCost> {
  const { rows } = await pool.query<Record<keyof DatabaseCost, string>>(
    `select xact_commit as commits,
            pg_snapshot_xmax(pg_current_snapshot()) as "transactionIds",
            pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') as "walBytes"
     from pg_stat_database where datname = current_database()`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error("pg_stat_database has no row for this database");
  return {
    commits: Number(row.commits),
    transactionIds: Number(row.transactionIds),
    walBytes: Number(row.walBytes),
  };
}
