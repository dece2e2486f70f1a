import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cached } from "./bundle-cache.ts";

let root: string;
let bundles: number;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "whatsapp-microservice-bundle-"));
  bundles = 0;
  await writeFile(join(root, "a.ts"), "a");
});
afterEach(() => rm(root, { recursive: true, force: true }));

function bundle(file = join(root, "cache", "bundle.json")): Promise<string> {
  return cached({ file, root }, async () => {
    bundles += 1;
    return { code: `bundle ${bundles}`, inputs: ["a.ts"] };
  });
}

test("a bundle is made once, and again after an input changed", async () => {
  expect(await bundle()).toBe("bundle 1");
  expect(await bundle()).toBe("bundle 1");
  await writeFile(join(root, "a.ts"), "b");
  await utimes(join(root, "a.ts"), 1, 1);
  expect(await bundle()).toBe("bundle 2");
});

test("a cache that is damaged, or cannot be written, only costs time", async () => {
  const file = join(root, "broken.json");
  await writeFile(file, "{");
  expect(await bundle(file)).toBe("bundle 1");
  expect(await bundle(file)).toBe("bundle 1");
  expect(await bundle(join(root, "a.ts", "below-a-file.json"))).toBe("bundle 2");
});
