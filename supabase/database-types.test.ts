import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generateTypes } from "../local/postgres/generate-types.ts";
import { startTestDatabase, type TestDatabase } from "../tests/support/database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await startTestDatabase();
});
afterAll(() => db.stop());

test("shared/database.types.ts matches the migrations; if not, run npm run gen:types", async () => {
  const file = new URL("../shared/database.types.ts", import.meta.url);
  expect(await readFile(file, "utf8")).toBe(await generateTypes(db.databaseUrl));
});
