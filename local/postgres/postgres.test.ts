import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Client } from "pg";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { applyMigrations } from "./apply-migrations.ts";
import { prepareDatabase } from "./prepare-database.ts";
import { startPostgres } from "./start-postgres.ts";

const log = pino({ level: "silent" });
const password = "secret";
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "postgres-test-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function query<T extends object>(databaseUrl: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe("the server", () => {
  it("keeps its data across a restart on another port", async () => {
    const dataDir = join(directory, "kept");
    const first = await startPostgres({ dataDir, port: 0, password, log });
    await query(first.databaseUrl, "create table kept as select 42 as answer");
    await first.stop();
    const second = await startPostgres({ dataDir, port: 0, password, log });
    expect(await query(second.databaseUrl, "select answer from kept")).toEqual([{ answer: 42 }]);
    await expect(startPostgres({ dataDir, port: 0, password, log })).rejects.toThrow(
      "already running on",
    );
    await second.stop();
  });

  it("starts again after its parent process was killed", async () => {
    const dataDir = join(directory, "orphaned");
    const script = join(directory, "parent.ts");
    await writeFile(
      script,
      `import pino from ${JSON.stringify(import.meta.resolve("pino"))};
       import { startPostgres } from ${JSON.stringify(new URL("start-postgres.ts", import.meta.url).href)};
       const { databaseUrl } = await startPostgres({ dataDir: ${JSON.stringify(dataDir)}, port: 0, password: "${password}", log: pino({ level: "silent" }) });
       console.log(databaseUrl);
       setInterval(() => {}, 1000);`,
    );
    const parent = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    const [databaseUrl] = (await once(createInterface({ input: parent.stdout }), "line")) as [
      string,
    ];
    await query(databaseUrl, "create table survived as select 1 as one");
    parent.kill("SIGKILL");
    await once(parent, "exit");
    const again = await startPostgres({ dataDir, port: 0, password, log });
    expect(await query(again.databaseUrl, "select one from survived")).toEqual([{ one: 1 }]);
    await again.stop();
  });

  it("runs in a folder that only its owner may enter", async () => {
    const closed = join(directory, "closed");
    await mkdir(closed, { mode: 0o700 });
    const server = await startPostgres({ dataDir: join(closed, "data"), port: 0, password, log });
    expect(await query(server.databaseUrl, "select 1 as one")).toEqual([{ one: 1 }]);
    await server.stop();
  });

  it("ignores a lock file whose process id now belongs to another program", async () => {
    const dataDir = join(directory, "stale");
    await (await startPostgres({ dataDir, port: 0, password, log })).stop();
    await writeFile(join(dataDir, "postmaster.pid"), `${process.pid}\n${dataDir}\n`);
    await (await startPostgres({ dataDir, port: 0, password, log })).stop();
    await expect(readFile(join(dataDir, "postmaster.pid"))).rejects.toThrow("ENOENT");
  });
});

describe("a prepared database", () => {
  it("has what a hosted project has, even if it is prepared twice", async () => {
    const server = await startPostgres({
      dataDir: join(directory, "prepared"),
      port: 0,
      password,
      log,
      durable: false,
    });
    const { databaseUrl } = server;
    await prepareDatabase(databaseUrl);
    await query(databaseUrl, "create table mine (id int); select realtime.send('{}', 'e', 't')");
    await prepareDatabase(databaseUrl);
    expect(await query(databaseUrl, "select count(*)::int as n from realtime.messages")).toEqual([
      { n: 1 },
    ]);
    expect(
      await query(
        databaseUrl,
        `select has_table_privilege('anon', 'mine', 'insert') as anon,
           has_table_privilege('service_role', 'storage.objects', 'delete') as service,
           rolbypassrls as bypass, digest('x', 'sha256') is not null as crypto
         from pg_roles where rolname = 'service_role'`,
      ),
    ).toEqual([{ anon: true, service: true, bypass: true, crypto: true }]);
    await server.stop();
  });

  it("applies each migration once, in order, and records it where the Supabase CLI does", async () => {
    const server = await startPostgres({
      dataDir: join(directory, "migrated"),
      port: 0,
      password,
      log,
      durable: false,
    });
    const { databaseUrl } = server;
    const folder = await mkdtemp(join(directory, "migrations-"));
    const add = (name: string, sql: string) => writeFile(join(folder, name), sql);
    await add("20260102_second.sql", "insert into t values (1);\n-- done;\n");
    await add(
      "20260101_first.sql",
      `create table t (id int);
       create function f() returns text language plpgsql as $body$ begin return 'a;b'; end $body$;
       create function g() returns int language sql begin atomic select case when true then 1 end; end;
       comment on table t is 'it''s; "quoted"'; /* ; */`,
    );
    await add("notes.txt", "not sql");
    expect(await applyMigrations(databaseUrl, folder)).toEqual([
      "20260101_first.sql",
      "20260102_second.sql",
    ]);
    expect(await applyMigrations(databaseUrl, folder)).toEqual([]);
    expect(
      await query(
        databaseUrl,
        `select version, name, array_length(statements, 1) as n
         from supabase_migrations.schema_migrations order by version`,
      ),
    ).toEqual([
      { version: "20260101", name: "first", n: 1 },
      { version: "20260102", name: "second", n: 1 },
    ]);
    await add("20260101_first.sql", "create table another ()");
    await expect(applyMigrations(databaseUrl, folder)).rejects.toThrow(
      "migration 20260101_first.sql was different",
    );
    await server.stop();
  });

  it("rolls back a migration that fails and names the file and line", async () => {
    const server = await startPostgres({
      dataDir: join(directory, "failed"),
      port: 0,
      password,
      log,
      durable: false,
    });
    const { databaseUrl } = server;
    const folder = await mkdtemp(join(directory, "migrations-"));
    const file = join(folder, "20260101_first.sql");
    await writeFile(file, "create table u (a int);\n\n-- é 👍\ninsert into u\nvalues ('x');");
    await expect(applyMigrations(databaseUrl, folder)).rejects.toThrow(
      /^Migration 20260101_first.sql:5: invalid input syntax/,
    );
    await writeFile(file, "create table u ();\ndo $$ begin\n raise 'no luck'; end $$;");
    await expect(applyMigrations(databaseUrl, folder)).rejects.toThrow(
      "Migration 20260101_first.sql: no luck (PL/pgSQL function inline_code_block line 2 at RAISE)",
    );
    expect(await query(databaseUrl, "select to_regclass('u') as u")).toEqual([{ u: null }]);
    await server.stop();
  });
});
