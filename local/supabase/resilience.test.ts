import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@supabase/supabase-js";
import { Client } from "pg";
import pino from "pino";
import { expect, it, onTestFinished } from "vitest";
import { prepareDatabase } from "../postgres/prepare-database.ts";
import { startPostgres } from "../postgres/start-postgres.ts";
import { startSupabase } from "./start-supabase.ts";
import { jwtSecret } from "./testing/test-project.ts";

const log = pino({ level: "silent" });

it("recovers by itself after PostgreSQL was restarted", async () => {
  const directory = await mkdtemp(join(tmpdir(), "supabase-restart-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const start = (port: number) =>
    startPostgres({
      dataDir: join(directory, "postgres"),
      port,
      password: "secret",
      log,
      durable: false,
    });
  const first = await start(0);
  await prepareDatabase(first.databaseUrl);
  const server = await startSupabase({
    databaseUrl: first.databaseUrl,
    port: 0,
    jwtSecret,
    storageDir: join(directory, "storage"),
    log,
  });
  const client = createClient(server.url, server.serviceKey);
  let receive = (_payload: unknown) => {};
  const received = new Promise((resolve) => (receive = resolve));
  const channel = client.channel("news", { config: { private: true } });
  channel.on("broadcast", { event: "e" }, ({ payload }) => receive(payload));
  await new Promise<void>((resolve) => {
    channel.subscribe((status: string) => {
      if (status === "SUBSCRIBED") resolve();
    });
  });
  expect((await client.from("nope").select()).status).toBe(404);

  await first.stop();
  const whileDown = await client.from("nope").select().retry(false);
  expect(whileDown).toMatchObject({ status: 503, error: { code: "PGRST001" } });
  const second = await start(first.port);
  expect((await client.from("nope").select()).status).toBe(404);
  const sql = new Client({ connectionString: second.databaseUrl });
  await sql.connect();
  await sql.query(`select realtime.send('{"n": 1}', 'e', 'news')`);
  await sql.end();
  expect(await received).toMatchObject({ n: 1 });

  await client.realtime.disconnect();
  await server.stop();
  await second.stop();
});
