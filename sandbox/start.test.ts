import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { TestClient } from "./testing/client.ts";

const ready = z.strictObject({
  ready: z.literal(true),
  url: z.url(),
  webSocketUrl: z.url(),
  rootKey: z.string().length(64),
  mediaUrl: z.url({ protocol: /^https$/ }),
  caCertificate: z.string().startsWith("-----BEGIN CERTIFICATE-----"),
  caCertificateFile: z.string().startsWith("/"),
});

const started: ChildProcess[] = [];
const directories: string[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

function start(...flags: string[]): ChildProcess {
  const path = join(import.meta.dirname, "start.ts");
  const child = spawn(process.execPath, [path, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  return child;
}

async function output(child: ChildProcess, stream: "stdout" | "stderr"): Promise<string> {
  const [chunk] = await once(child[stream] ?? child, "data");
  return String(chunk);
}

async function post(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return await response.json();
}

test("prints one line of JSON when ready and stops cleanly on SIGTERM", async () => {
  const child = start("--port", "0", "--json");
  const line = await output(child, "stdout");
  const { url } = ready.parse(JSON.parse(line));
  expect((await fetch(`${url}/health`)).status).toBe(200);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("exits with a line for each invalid setting", async () => {
  const child = start("--port", "many", "--colour", "red");
  const text = await output(child, "stderr");
  expect(text).toContain("PORT: ");
  expect(text).toContain("--colour: unknown flag");
  expect(await once(child, "exit")).toEqual([2, null]);
});

test("exits with an error if the port is in use", async () => {
  const first = start("--port", "0", "--json");
  const { url } = ready.parse(JSON.parse(await output(first, "stdout")));
  const second = start("--port", new URL(url).port);
  expect(await output(second, "stderr")).toContain("is in use");
});

test("keeps everything that it acknowledged after SIGKILL", async () => {
  const data = mkdtempSync(join(tmpdir(), "sandbox-"));
  directories.push(data);
  const flags = ["--port", "0", "--json", "--data", data];
  const first = start(...flags);
  const before = ready.parse(JSON.parse(await output(first, "stdout")));
  await post(`${before.url}/phones`, { phone: "393331234567" });
  await post(`${before.url}/phones`, { phone: "393337654321" });
  const client = new TestClient(before.webSocketUrl);
  await post(`${before.url}/phones/393331234567/scan`, { qr: await client.qr() });
  await client.open();
  await post(`${before.url}/phones/393337654321/behaviour`, { online: false });
  const id = await client.send("393337654321@s.whatsapp.net", "remember me");
  first.kill("SIGKILL");
  await client.closeCode();

  const second = start(...flags);
  const after = ready.parse(JSON.parse(await output(second, "stdout")));
  expect(after.rootKey).toBe(before.rootKey);
  const returned = new TestClient(after.webSocketUrl, { auth: client.auth });
  await returned.open();
  await post(`${after.url}/phones/393337654321/behaviour`, { online: true });
  await returned.status(id, 3);
  const response = await fetch(`${after.url}/phones/393337654321/messages`);
  expect(await response.json()).toMatchObject({ data: [{ id, text: "remember me" }] });
  await returned.close();
});
