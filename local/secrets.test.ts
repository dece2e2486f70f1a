import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadOrCreateSecrets } from "./secrets.ts";

let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "secrets-test-"));
});
afterEach(async () => {
  await rm(data, { recursive: true, force: true });
});

test("the keys and the database password are random, kept, and readable by their owner alone", async () => {
  const secrets = await loadOrCreateSecrets(data);
  expect(secrets.databasePassword).toMatch(/^[\w-]{32,}$/);
  expect(await loadOrCreateSecrets(data)).toEqual(secrets);
  expect((await stat(join(data, "secrets.json"))).mode & 0o777).toBe(0o600);
});

test("a file that lacks a secret is refused with what to do, and kept", async () => {
  const file = join(data, "secrets.json");
  const text = JSON.stringify({ jwtSecret: "from an earlier version" });
  await writeFile(file, text);
  await expect(loadOrCreateSecrets(data)).rejects.toThrow(
    /secrets\.json is incomplete: adminKey, .*databasePassword.* --data/,
  );
  expect(await readFile(file, "utf8")).toBe(text);
});
