import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { localStore } from "./local-store.ts";
import { MediaMissing } from "./media-store.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "local-store-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function fileWith(bytes: Buffer) {
  const path = join(directory, "given");
  await writeFile(path, bytes);
  return { path, size: bytes.length, mimetype: "image/png" };
}

async function contentOf(store: ReturnType<typeof localStore>, path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await store.read(path)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

test("a file is written whole, replaced, read and removed", async () => {
  const store = localStore(join(directory, "media"));
  for (const bytes of [randomBytes(300_000), randomBytes(10)]) {
    await store.write("acme/main/a.png", await fileWith(bytes));
    expect((await contentOf(store, "acme/main/a.png")).equals(bytes)).toBe(true);
  }
  expect(await store.find("acme/main/a.png")).toMatchObject({ size: 10 });
  expect(await readdir(join(directory, "media", ".incoming"))).toEqual([]);
  await store.remove(["acme/main/a.png", "acme/main/none.png"]);
  expect(await store.find("acme/main/a.png")).toBeUndefined();
  await expect(store.read("acme/main/a.png")).rejects.toThrow(MediaMissing);
});

test("nothing of a failed write is left", async () => {
  const store = localStore(join(directory, "media"));
  const missing = { path: join(directory, "none"), size: 1, mimetype: "image/png" };
  await expect(store.write("acme/main/a.png", missing)).rejects.toThrow("ENOENT");
  expect(await store.find("acme/main/a.png")).toBeUndefined();
  expect(await readdir(join(directory, "media", ".incoming"))).toEqual([]);
});

test.each(["../x/a.png", "acme/../../a.png", "acme/./a.png", "acme//a.png"])(
  "the path %s is refused",
  async (path) => {
    const store = localStore(join(directory, "media"));
    await expect(async () => store.find(path)).rejects.toThrow(MediaMissing);
    await expect(store.read(path)).rejects.toThrow(MediaMissing);
  },
);

test("a name of any characters stays inside", async () => {
  const store = localStore(join(directory, "media"));
  const bytes = randomBytes(10);
  await store.write(String.raw`ac me/..%2f..\x/a.png`, await fileWith(bytes));
  expect(await readdir(join(directory, "media", "ac%20me"))).toEqual(["..%252f..%5Cx"]);
});
