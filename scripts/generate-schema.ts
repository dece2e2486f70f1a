import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { oneFileSchema } from "./one-file-schema.ts";

/** `npm run gen:schema`: writes the schema that is pasted into the SQL editor. */
const migrationsDir = fileURLToPath(new URL("../supabase/migrations/", import.meta.url));
const target = fileURLToPath(new URL("../supabase-safe-migration.sql", import.meta.url));

await writeFile(target, await oneFileSchema(migrationsDir));
