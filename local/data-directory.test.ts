import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CannotStart } from "./cannot-start.ts";
import { lockDataDirectory } from "./data-directory.ts";

let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "data-directory-test-"));
});
afterEach(async () => {
  await rm(data, { recursive: true, force: true });
});

test("a data directory can be locked only once at a time", async () => {
  const first = await lockDataDirectory({ data, memory: false });
  await expect(lockDataDirectory({ data, memory: false })).rejects.toThrow(
    /already running on .*--data/,
  );
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

test("only its owner may enter the data directory, a new one or one of an earlier start", async () => {
  const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
  const path = join(data, "new");
  await (await lockDataDirectory({ data: path, memory: false })).release();
  expect(await modeOf(path)).toBe(0o700);
  await chmod(path, 0o755);
  await (await lockDataDirectory({ data: path, memory: false })).release();
  expect(await modeOf(path)).toBe(0o700);
});

test("a directory of other files is refused and left as it is", async () => {
  await chmod(data, 0o755);
  await writeFile(join(data, "letter.txt"), "");
  const locked = lockDataDirectory({ data, memory: false });
  await expect(locked).rejects.toThrow(CannotStart);
  await expect(locked).rejects.toThrow(/^The data directory .* contains other files\. .*--data/);
  expect((await stat(data)).mode & 0o777).toBe(0o755);
});

test("a data directory that cannot be written is refused with the reason and what to do", async () => {
  const file = join(data, "file");
  await writeFile(file, "");
  await expect(lockDataDirectory({ data: join(file, "x"), memory: false })).rejects.toThrow(
    /^The data directory .* cannot be used: not a directory\. .*--data/,
  );
  await expect(lockDataDirectory({ data: file, memory: false })).rejects.toThrow(
    /^The data directory .* cannot be used: .* exists\. .*--data/,
  );
});
