import { once } from "node:events";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Client } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Addresses } from "../local/addresses.ts";
import { addTenant, call } from "./support/api.ts";
import { pairSession } from "./support/phone.ts";
import { type Program, startProgram } from "./support/program.ts";

let data: string;
const running: Program[] = [];

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "whatsapp-microservice-start-"));
});
afterEach(async () => {
  for (const program of running.splice(0).toReversed()) await program.stop();
  await rm(data, { recursive: true, force: true });
});

function start(
  entry: string,
  args: string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Program {
  const program = startProgram(process.execPath, [resolve(entry), ...args], options);
  running.push(program);
  return program;
}

test("--json prints one line with every address and key, and a second start says that one runs", async () => {
  const first = start("local/start.ts", ["--json", "--data", data, "--connectors", "2"]);
  const addresses = await first.ready<Addresses>();
  expect(addresses).toEqual({
    apiUrl: expect.stringMatching(/^http:/),
    adminKey: expect.any(String),
    tenantId: "demo",
    apiKey: expect.stringMatching(/^sk_test_/),
    supabaseUrl: expect.stringMatching(/^http:/),
    supabaseAnonKey: expect.any(String),
    supabaseServiceKey: expect.any(String),
    databaseUrl: expect.stringMatching(/^postgres/),
    sandboxUrl: expect.stringMatching(/^http:/),
    connectorUrls: [expect.stringMatching(/^http:/), expect.stringMatching(/^http:/)],
  });
  const sessions = await call("GET", `${addresses.apiUrl}/tenant/sessions`, {
    headers: { "X-Api-Key": addresses.apiKey },
  });
  expect(sessions.body).toEqual({ data: [], next_cursor: null });

  const guessed = new URL(addresses.databaseUrl ?? "");
  guessed.password = "postgres";
  const client = new Client({ connectionString: guessed.href });
  await expect(client.connect()).rejects.toThrow("password authentication failed");
  expect((await stat(data)).mode & 0o777).toBe(0o700);

  const samePort = { PORT: new URL(addresses.apiUrl).port };
  const second = start("local/start.ts", ["--json", "--data", data], { env: samePort });
  expect(await once(second.child, "exit")).toEqual([1, null]);
  expect(second.stderr()).toMatch(/^It is already running on .*\n$/);

  const elsewhere = start("local/start.ts", ["--json", "--memory"], { env: samePort });
  expect(await once(elsewhere.child, "exit")).toEqual([1, null]);
  expect(elsewhere.stderr()).toMatch(/^Port \d+ is already in use\. .*\n$/);

  const info = start("local/start.ts", ["--info", "--json", "--data", data]);
  expect(await info.ready<Addresses>()).toEqual(addresses);

  first.child.kill("SIGTERM");
  expect(await once(first.child, "exit")).toEqual([0, null]);
  expect(first.stdout().trim().split("\n")).toHaveLength(1);
  await expect(fetch(`${addresses.apiUrl}/health`)).rejects.toThrow("fetch failed");

  const late = start("local/start.ts", ["--info", "--data", data]);
  expect(await once(late.child, "exit")).toEqual([1, null]);
  expect(late.stderr()).toMatch(/^Nothing runs on .*\n$/);
});

test("the file .env sets what the components read, and a mistake in it is one line", async () => {
  const folder = join(data, "a folder");
  await mkdir(folder);
  await writeFile(join(folder, ".env"), "ADMIN_KEY=an-admin-key-of-our-own\nMAX_SESSIONS=\n");
  const program = start("local/start.ts", ["--json", "--memory"], { cwd: folder });
  const { adminKey, apiUrl } = await program.ready<Addresses>();
  expect(adminKey).toBe("an-admin-key-of-our-own");
  const tenants = await call("GET", `${apiUrl}/admin/tenants`, {
    headers: { "X-Admin-Key": adminKey },
  });
  expect(tenants.status).toBe(200);
  await program.stop();

  await writeFile(join(folder, ".env"), "MAX_SESSIONS=many\n");
  const mistaken = start("local/start.ts", ["--memory"], { cwd: folder });
  expect(await once(mistaken.child, "exit")).toEqual([1, null]);
  expect(mistaken.stderr()).toContain("MAX_SESSIONS: ");
  expect(mistaken.stderr()).not.toContain("    at ");
});

test("another Supabase and another network are used by configuration alone", async () => {
  const network = await start("sandbox/start.ts", ["--json"]).ready<{
    url: string;
    webSocketUrl: string;
    rootKey: string;
  }>();
  const host = await start("local/start.ts", [
    "--json",
    "--data",
    data,
    "--no-sandbox",
  ]).ready<Addresses>();
  expect(host.sandboxUrl).toBeNull();
  const guest = await start("local/start.ts", [
    "--json",
    "--memory",
    `--supabase-url=${host.supabaseUrl}`,
    `--supabase-key=${host.supabaseServiceKey}`,
    `--sandbox-url=${network.webSocketUrl}`,
    `--sandbox-root-key=${network.rootKey}`,
  ]).ready<Addresses>();
  expect(guest).toMatchObject({ supabaseUrl: host.supabaseUrl, databaseUrl: null });
  await pairSession(await addTenant(guest), network.url);

  // Both hosts have the demo tenant of the one database, each with a key of its own.
  for (const { apiUrl, apiKey } of [host, guest]) {
    const answer = await call("GET", `${apiUrl}/tenant/sessions`, {
      headers: { "X-Api-Key": apiKey },
    });
    expect(answer.status).toBe(200);
  }
});
