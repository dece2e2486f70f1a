import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Addresses } from "../local/stack.ts";
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

function start(entry: string, args: string[]): Program {
  const program = startProgram(process.execPath, [entry, ...args]);
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

  const second = start("local/start.ts", ["--json", "--data", data]);
  expect(await once(second.child, "exit")).toEqual([1, null]);
  expect(second.stderr()).toContain("already running");

  first.child.kill("SIGTERM");
  expect(await once(first.child, "exit")).toEqual([0, null]);
  expect(first.stdout().trim().split("\n")).toHaveLength(1);
  await expect(fetch(`${addresses.apiUrl}/health`)).rejects.toThrow("fetch failed");
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
