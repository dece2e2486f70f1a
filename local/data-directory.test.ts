import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DataDirectoryInUse, lockDataDirectory } from "./data-directory.ts";

let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "data-directory-test-"));
});
afterEach(async () => {
  await rm(data, { recursive: true, force: true });
});

test("a data directory can be locked only once at a time", async () => {
  const first = await lockDataDirectory({ data, memory: false });
  await expect(lockDataDirectory({ data, memory: false })).rejects.toThrow(DataDirectoryInUse);
  await first.release();
  const second = await lockDataDirectory({ data, memory: false });
  await second.release();
});

test("a temporary directory is deleted when it is released", async () => {
  const temporary = await lockDataDirectory({ data, memory: true });
  expect(temporary.path).not.toBe(data);
  await temporary.release();
  await expect(stat(temporary.path)).rejects.toThrow("ENOENT");
});
