import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { applyMigrations } from "./postgres/apply-migrations.ts";
import { generateTypes } from "./postgres/generate-types.ts";
import { prepareDatabase } from "./postgres/prepare-database.ts";
import { startPostgres } from "./postgres/start-postgres.ts";

/** `npm run gen:types`: applies the migrations to a temporary database and writes its types. */
const migrationsDir = fileURLToPath(new URL("../supabase/migrations/", import.meta.url));
const target = fileURLToPath(new URL("../shared/database.types.ts", import.meta.url));

const dataDir = await mkdtemp(join(tmpdir(), "whatsapp-microservice-types-"));
const log = pino({ level: "warn" }, pino.destination(2));
const postgres = await startPostgres({
  dataDir,
  port: 0,
  password: randomUUID(),
  durable: false,
  log,
});
try {
  await prepareDatabase(postgres.databaseUrl);
  await applyMigrations(postgres.databaseUrl, migrationsDir);
  await writeFile(target, await generateTypes(postgres.databaseUrl));
} finally {
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
}
