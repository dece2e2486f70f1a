import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AlreadyRunning, takeDataDirectory } from "./data-directory.ts";

let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "data-directory-test-"));
});
afterEach(async () => {
  await rm(data, { recursive: true, force: true });
});

test("a directory is taken once at a time", async () => {
  const first = await takeDataDirectory({ data, memory: false });
  await expect(takeDataDirectory({ data, memory: false })).rejects.toThrow(AlreadyRunning);
  await first.release();
  const second = await takeDataDirectory({ data, memory: false });
  await second.release();
});

test("temporary data is gone when it is released", async () => {
  const taken = await takeDataDirectory({ data, memory: true });
  expect(taken.path).not.toBe(data);
  await taken.release();
  await expect(stat(taken.path)).rejects.toThrow("ENOENT");
});
