import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stack, startStack } from "../../local/stack.ts";
import { describeFiles } from "../support/file-behaviour.ts";

let data: string;
let stack: Stack;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "whatsapp-local-storage-"));
  stack = await startStack(
    { port: 0, data, memory: false, json: false, connectors: 1, sandbox: true },
    () => {},
    { settings: { STORAGE_MODE: "local" } },
  );
});
afterAll(async () => {
  await stack.stop();
  await rm(data, { recursive: true, force: true });
});

describeFiles(() => stack.addresses);

test("the files are in the directory, and nothing that was begun is left", async () => {
  const paths = await readdir(join(data, "media"), { recursive: true });
  expect(paths.filter((path) => path.endsWith(".png"))).toHaveLength(1);
  expect(await readdir(join(data, "media", ".incoming"))).toEqual([]);
});
