import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { configPath, isReadableByOthers, readConfig, writeConfig } from "./config.ts";
import { readConnection } from "./connection.ts";

let env: Record<string, string>;
beforeEach(async () => {
  env = { WM_CONFIG_HOME: await mkdtemp(join(tmpdir(), "wm-config-")) };
});
afterEach(() => rm(env["WM_CONFIG_HOME"] ?? "", { recursive: true, force: true }));

test("the file is for the user alone, also when one was there that others could read", async () => {
  const path = await writeConfig(env, { url: "https://a.test", key: "sk_test_1" });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
  await chmod(path, 0o644);
  expect(await isReadableByOthers(env)).toBe(true);
  await writeConfig(env, { url: "https://b.test", key: "sk_test_2" });
  expect(await isReadableByOthers(env)).toBe(false);
  expect(await readConfig(env)).toEqual({ url: "https://b.test", key: "sk_test_2" });
  expect(await readdir(dirname(path))).toEqual(["config.json"]);
});

test("the environment wins; a variable that is set to nothing does not", async () => {
  await writeConfig(env, { url: "https://a.test", key: "sk_test_1" });
  expect(await readConnection({ ...env, WHATSAPP_KEY: " " })).toMatchObject({
    url: "https://a.test",
    key: "sk_test_1",
    sandboxUrl: undefined,
  });
  const given = { ...env, WHATSAPP_URL: "http://127.0.0.1:1", WHATSAPP_KEY: "sk_test_2" };
  expect(await readConnection(given)).toMatchObject({
    url: "http://127.0.0.1:1",
    key: "sk_test_2",
    sandboxUrl: "http://127.0.0.1:3100",
  });
});

test("without a key, or with a file that is broken, it says what to do", async () => {
  await expect(readConnection(env)).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringContaining("wm login"),
  });
  await writeConfig(env, {});
  for (const text of ["{", "[1", '"x"', '{"url":1}']) {
    await writeFile(configPath(env), text);
    await expect(readConfig(env)).rejects.toThrow("Delete it and run wm login");
  }
  expect(await readFile(configPath(env), "utf8")).toBe('{"url":1}');
});
