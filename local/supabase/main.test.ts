import { spawn } from "node:child_process";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { jwtSecret, startTestProject, type TestProject } from "./testing/test-project.ts";

let project: TestProject;
let storageDir: string;
beforeAll(async () => {
  project = await startTestProject("create function one() returns int language sql as 'select 1'");
  storageDir = await mkdtemp(join(tmpdir(), "supabase-main-"));
});
afterAll(async () => {
  await project.stop();
  await rm(storageDir, { recursive: true, force: true });
});

const start = (env: Record<string, string>) =>
  spawn(process.execPath, [fileURLToPath(new URL("main.ts", import.meta.url))], {
    env: { PATH: process.env["PATH"], LOG_LEVEL: "warn", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });

it("prints its URL in one line, serves requests, and stops on SIGTERM", async () => {
  const server = start({
    DATABASE_URL: project.databaseUrl,
    PORT: "0",
    JWT_SECRET: jwtSecret,
    STORAGE_DIR: storageDir,
  });
  const [line] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
  const ready = JSON.parse(line) as Record<string, string>;
  expect(ready).toMatchObject({ ready: true, anonKey: project.anonKey });
  const client = createClient(ready["url"] ?? "", ready["serviceKey"] ?? "");
  expect((await client.rpc("one")).data).toBe(1);
  server.kill("SIGTERM");
  expect(await once(server, "exit")).toEqual([0, null]);
  // PostgreSQL marks the slot as inactive only once it notices that the connection is closed.
  const slots = async () =>
    (await project.sql.query("select count(*)::int as n from pg_replication_slots")).rows;
  await expect.poll(slots, { timeout: 10_000 }).toEqual([{ n: 1 }]);
});

it("refuses a host name that resolves to this machine, before it reads a key", async () => {
  const statusOf = async (host: string) => {
    const outgoing = request(`${project.url}/rest/v1/rpc/one`, {
      headers: { host, apikey: project.serviceKey },
    });
    outgoing.end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  };
  expect(await statusOf("localhost:54321")).toBe(200);
  expect(await statusOf("evil.example:54321")).toBe(403);
});

it("names every invalid setting", async () => {
  const server = start({ DATABASE_URL: "nothing", JWT_SECRET: "short" });
  let errorOutput = "";
  server.stderr.on("data", (chunk: Buffer) => (errorOutput += chunk.toString()));
  expect(await once(server, "close")).toEqual([1, null]);
  expect(errorOutput).toMatch(/DATABASE_URL/);
  expect(errorOutput).toMatch(/JWT_SECRET: must have at least 32 characters/);
  expect(errorOutput).toMatch(/STORAGE_DIR/);
});
