import { readRotation } from "./config.ts";
import { restDatabase } from "./database/rest-database.ts";
import { connectPostgres } from "./database/postgres-database.ts";
import { connectSupabase } from "./database/supabase.ts";
import { resealAll } from "./keys/reseal.ts";
import { createLog } from "./log/log.ts";

/** A pass that finds nothing to do proves that nothing is left; connectors may write between two. */
const maxPasses = 5;

const read = readRotation(process.env);
if ("mistakes" in read) {
  process.stderr.write(`${read.mistakes.join("\n")}\n`);
  process.exit(1);
}
const { SUPABASE_URL: url, SUPABASE_KEY: key, DATABASE_URL, ...config } = read.config;
const keys = { current: config.ENCRYPTION_KEY, old: config.ENCRYPTION_KEY_OLD };
const database =
  DATABASE_URL === undefined
    ? restDatabase(connectSupabase({ url, key }))
    : connectPostgres({ url: DATABASE_URL, maxConnections: 1, log: createLog("warn") });

try {
  for (let pass = 1; pass <= maxPasses; pass += 1) {
    const { seen, resealed, changed, unreadable } = await resealAll(database, keys, (progress) =>
      process.stderr.write(`\r${progress.seen} values read, ${progress.resealed} encrypted anew`),
    );
    process.stderr.write("\n");
    if (resealed > 0 || changed > 0) continue;
    process.stdout.write(`All ${seen} values are under ENCRYPTION_KEY.\n`);
    if (unreadable.size > 0) {
      process.stdout.write(
        `Except those of ${unreadable.size} sessions, which neither key decrypts; they must be paired again: ${[...unreadable].join(", ")}\n`,
      );
    }
    process.stdout.write("ENCRYPTION_KEY_OLD can be removed.\n");
    process.exit(0);
  }
  process.stdout.write(
    "Values under the old key keep coming: a connector still runs without the new ENCRYPTION_KEY. Deploy it to all connectors, then run this again. Keep ENCRYPTION_KEY_OLD until then.\n",
  );
  process.exitCode = 1;
} finally {
  await database.close();
}
