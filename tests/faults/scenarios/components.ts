import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import type { Scenario } from "../scenario.ts";

const outageMs = 6000;

/** A component other than the connector dies, or the path to it does. */
export const componentsFail: Scenario[] = [
  {
    name: "PostgreSQL's postmaster killed",
    kills: "PostgreSQL",
    async fault({ environment }) {
      const lock = await readFile(join(environment.dataDir, "postgres", "postmaster.pid"), "utf8");
      process.kill(Number(lock.split("\n", 1)[0]), "SIGKILL");
      const killedAt = Date.now();
      await sleep(1000); // until its backends have noticed
      return killedAt;
    },
  },
  {
    name: "disk full: every insert is refused",
    async fault({ environment: { pool } }) {
      await pool.query(refuse);
      await onEachTable(
        pool,
        "create trigger disk_full before insert on %I for each statement execute function disk_full()",
      );
      await sleep(outageMs);
      await onEachTable(pool, "drop trigger disk_full on %I");
      await pool.query("drop function disk_full");
    },
  },
  {
    name: "Supabase server killed",
    async fault({ environment }) {
      const killedAt = Date.now();
      await environment.stack.processes.supabase?.restart("kill");
      return killedAt;
    },
  },
  {
    name: "Realtime lost: its connections go silent",
    async fault({ environment }) {
      for (const path of environment.paths.to("supabase")) path.freeze();
      await sleep(outageMs);
    },
  },
  {
    name: "control plane killed",
    async fault({ environment }) {
      const killedAt = Date.now();
      await environment.stack.processes.controlPlane.restart("kill");
      return killedAt;
    },
  },
  {
    name: "path to the connectors hangs",
    async fault({ environment }) {
      const paths = environment.paths.between("control-plane", "connector");
      for (const path of paths) path.hang();
      await sleep(outageMs);
      for (const path of paths) path.pass();
    },
  },
  {
    name: "WhatsApp silent: connections go dead",
    async fault({ environment }) {
      for (const path of environment.paths.to("sandbox")) path.freeze();
      const frozenAt = Date.now();
      await sleep(1000);
      return frozenAt; // the connectors must replace the connections themselves
    },
  },
];

/** The error that PostgreSQL gives when it cannot extend a table. */
const refuse = `
  create function disk_full() returns trigger language plpgsql as $$
  begin
    raise exception 'could not extend file: No space left on device' using errcode = '53100';
  end $$;`;

/** One statement a table: with the locks of all tables at once it would deadlock with the traffic. */
async function onEachTable(pool: Pool, statement: string): Promise<void> {
  const { rows } = await pool.query<{ sql: string }>(
    "select format($1, tablename) as sql from pg_tables where schemaname = 'public'",
    [statement],
  );
  for (const { sql } of rows) await pool.query(sql);
}
