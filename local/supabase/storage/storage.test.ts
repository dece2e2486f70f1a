import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestProject, type TestProject } from "../testing/test-project.ts";

const fixtures = `
  create policy own on storage.objects to authenticated
    using (bucket_id = 'media' and (storage.foldername(name))[1] = auth.jwt() ->> 'tenant_id')
    with check (bucket_id = 'media' and (storage.foldername(name))[1] = auth.jwt() ->> 'tenant_id');
`;

let project: TestProject;
beforeAll(async () => {
  project = await startTestProject(fixtures);
  await project.service.storage.createBucket("media", { public: false });
  await project.service.storage.createBucket("open", { public: true });
});
afterAll(() => project.stop());

const media = () => project.service.storage.from("media");

it("creates, lists, changes and deletes buckets", async () => {
  const { storage } = project.service;
  const created = await storage.createBucket("extra", {
    public: false,
    fileSizeLimit: "1KB",
    allowedMimeTypes: ["image/*"],
  });
  expect(created).toMatchObject({ data: { name: "extra" }, error: null });
  expect((await storage.createBucket("extra", { public: false })).error).toMatchObject({
    statusCode: "409",
  });
  const names = (await storage.listBuckets()).data?.map((bucket) => bucket.name);
  expect(names).toEqual(["extra", "media", "open"]);
  const wrongType = await storage
    .from("extra")
    .upload("a.txt", "text", { contentType: "text/plain" });
  expect(wrongType.error).toMatchObject({ statusCode: "415" });
  const tooLarge = await storage
    .from("extra")
    .upload("a.png", Buffer.alloc(2000), { contentType: "image/png" });
  expect(tooLarge.error).toMatchObject({ statusCode: "413" });
  await storage.from("extra").upload("a.png", Buffer.alloc(20), { contentType: "image/png" });
  expect((await storage.deleteBucket("extra")).error).toMatchObject({ statusCode: "409" });
  await storage.updateBucket("extra", { public: true });
  expect((await storage.getBucket("extra")).data?.public).toBe(true);
  await storage.emptyBucket("extra");
  expect((await storage.deleteBucket("extra")).error).toBeNull();
  expect((await storage.getBucket("extra")).error).toMatchObject({ statusCode: "404" });
  expect((await project.anon.storage.createBucket("mine", { public: false })).error).toMatchObject({
    statusCode: "403",
  });
});

it("stores uploads of every kind and returns them unchanged", async () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
  const uploaded = await media().upload("docs/à é.bin", bytes, {
    contentType: "application/x-test",
    metadata: { from: "test" },
  });
  expect(uploaded.data).toMatchObject({ path: "docs/à é.bin", fullPath: "media/docs/à é.bin" });
  const { data } = await media().download("docs/à é.bin");
  expect(data?.type).toBe("application/x-test");
  expect(Buffer.from(await (data ?? new Blob([])).arrayBuffer()).equals(bytes)).toBe(true);
  const info = await media().info("docs/à é.bin");
  expect(info.data).toMatchObject({
    size: 300_000,
    contentType: "application/x-test",
    metadata: { from: "test" },
  });
  await media().upload("docs/blob.txt", new Blob(["from a blob"], { type: "text/plain" }));
  expect(await (await media().download("docs/blob.txt")).data?.text()).toBe("from a blob");
});

it("replaces an object only on request", async () => {
  await media().upload("again.txt", "one");
  expect((await media().upload("again.txt", "two")).error).toMatchObject({ statusCode: "409" });
  expect((await media().upload("again.txt", "three", { upsert: true })).error).toBeNull();
  expect(await (await media().download("again.txt")).data?.text()).toBe("three");
  expect((await media().update("again.txt", "four")).error).toBeNull();
  expect(await (await media().download("again.txt")).data?.text()).toBe("four");
  expect((await media().update("never.txt", "x")).error).toMatchObject({ statusCode: "404" });
});

it("lists a folder's files and folders", async () => {
  for (const name of ["tree/b.txt", "tree/a.txt", "tree/sub/c.txt"])
    await media().upload(name, "x");
  const { data } = await media().list("tree");
  expect(data?.map(({ name, id }) => [name, id !== null])).toEqual([
    ["sub", false],
    ["a.txt", true],
    ["b.txt", true],
  ]);
  const found = await media().list("tree", {
    search: "b.",
    sortBy: { column: "name", order: "desc" },
  });
  expect(found.data?.map(({ name }) => name)).toEqual(["b.txt"]);
});

it("moves, copies and removes objects, and leaves no file behind", async () => {
  const directory = project.storageDir;
  const count = async () =>
    (await readdir(directory, { recursive: true })).filter((name) => name.includes("-")).length;
  const before = await count();
  await media().upload("m/one.txt", "content");
  await media().move("m/one.txt", "m/two.txt");
  await media().copy("m/two.txt", "m/three.txt");
  expect((await media().exists("m/one.txt")).data).toBe(false);
  expect(await (await media().download("m/three.txt")).data?.text()).toBe("content");
  const { data } = await media().remove(["m/two.txt", "m/three.txt", "m/none.txt"]);
  expect(data?.map(({ name }) => name).toSorted()).toEqual(["m/three.txt", "m/two.txt"]);
  expect(await count()).toBe(before);
});

it("serves public buckets without a key, and others by signed URL until it expires", async () => {
  await project.service.storage.from("open").upload("p.txt", "public");
  const { publicUrl } = project.anon.storage.from("open").getPublicUrl("p.txt").data;
  expect(await (await fetch(publicUrl)).text()).toBe("public");
  await media().upload("s/ü.txt", "signed");
  const hidden = project.anon.storage.from("media").getPublicUrl("s/ü.txt").data.publicUrl;
  expect((await fetch(hidden)).status).toBe(400);
  const signed =
    (await media().createSignedUrl("s/ü.txt", 60, { download: true })).data?.signedUrl ?? "";
  const response = await fetch(signed, { headers: { range: "bytes=1-3" } });
  expect(response.status).toBe(206);
  expect(await response.text()).toBe("ign");
  expect(response.headers.get("content-disposition")).toContain("attachment");
  const expired = (await media().createSignedUrl("s/ü.txt", 0.001)).data?.signedUrl ?? "";
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect((await fetch(expired)).status).toBe(400);
  const several = await media().createSignedUrls(["s/ü.txt", "s/none"], 60);
  expect(several.data?.map(({ error }) => error === null)).toEqual([true, false]);
});

it("accepts an upload by signed URL", async () => {
  const { data } = await media().createSignedUploadUrl("u/file.txt");
  const sent = await project.anon.storage
    .from("media")
    .uploadToSignedUrl("u/file.txt", data?.token ?? "", "by url");
  expect(sent.error).toBeNull();
  expect(await (await media().download("u/file.txt")).data?.text()).toBe("by url");
});

it("applies row level security to reading and writing", async () => {
  const a = (await project.as({ tenant_id: "a" })).storage.from("media");
  const b = (await project.as({ tenant_id: "b" })).storage.from("media");
  expect((await a.upload("a/x.txt", "mine")).error).toBeNull();
  expect((await b.upload("a/y.txt", "not mine")).error).toMatchObject({ statusCode: "403" });
  expect((await b.download("a/x.txt")).data).toBeNull();
  expect((await b.list("a")).data).toEqual([]);
  expect((await b.remove(["a/x.txt"])).data).toEqual([]);
  expect((await b.createSignedUrl("a/x.txt", 60)).error).toMatchObject({ statusCode: "404" });
  expect(await (await a.download("a/x.txt")).data?.text()).toBe("mine");
});

it("accepts a bearer token without an apikey, as a hosted project does", async () => {
  await media().upload("bearer.txt", "x");
  const download = (headers: Record<string, string>) =>
    fetch(`${project.url}/storage/v1/object/media/bearer.txt`, { headers });
  const { serviceKey } = project;
  expect((await download({ authorization: `Bearer ${serviceKey}` })).status).toBe(200);
  expect((await download({})).status).toBe(401);
  const rest = { headers: { authorization: `Bearer ${serviceKey}` } };
  expect((await fetch(`${project.url}/rest/v1/notes`, rest)).status).toBe(401);
});

it("never uses object names as file names", async () => {
  const raw = await fetch(`${project.url}/storage/v1/object/media/..%2F..%2Fescape.txt`, {
    method: "POST",
    headers: { apikey: project.serviceKey, "content-type": "text/plain" },
    body: "x",
  });
  expect(raw.status).toBe(200);
  const { data } = await media().list("../..");
  expect(data?.map(({ name }) => name)).toEqual(["escape.txt"]);
  expect(await readdir(`${project.storageDir}/..`)).not.toContain("escape.txt");
});
