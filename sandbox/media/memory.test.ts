import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { TestClient } from "../testing/client.ts";
import { trustCertificate } from "../testing/trust.ts";

const mib = 1024 * 1024;
const fileBytes = 20 * mib;
const atOnce = 10;

const started: { stop: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const one of started.splice(0)) await one.stop();
});

async function startProcess() {
  const data = mkdtempSync(join(tmpdir(), "sandbox-"));
  const path = join(import.meta.dirname, "..", "start.ts");
  const flags = [path, "--port", "0", "--json", "--data", data];
  const child = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "ignore"] });
  const stop = async () => {
    child.kill();
    await once(child, "exit");
    rmSync(data, { recursive: true });
  };
  started.push({ stop });
  const [line] = await once(child.stdout, "data");
  const ready = z.object({
    url: z.string(),
    webSocketUrl: z.string(),
    mediaUrl: z.string(),
    caCertificate: z.string(),
  });
  return { ...ready.parse(JSON.parse(String(line))), pid: child.pid ?? 0 };
}

/** The largest resident set of the process so far, in MiB. */
function peakMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

async function post(url: string, body: unknown): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
}

/** One chunk, again and again: the test does not hold the file either. */
const chunk = randomBytes(mib);
function* fileContent() {
  for (let sent = 0; sent < fileBytes; sent += chunk.length) yield chunk;
}

async function upload(mediaUrl: string, auth: string, hash: string): Promise<string> {
  const url = `${mediaUrl}/mms/document/${hash}?auth=${encodeURIComponent(auth)}`;
  const sending = request(url, { method: "POST", headers: { "content-length": fileBytes } });
  const answered = once(sending, "response");
  await pipeline(fileContent(), sending);
  const [response] = await answered;
  let text = "";
  for await (const part of response) text += String(part);
  return z.object({ url: z.string() }).parse(JSON.parse(text)).url;
}

async function downloadedHash(url: string): Promise<string> {
  const hash = createHash("sha256");
  const response = await fetch(url);
  for await (const part of response.body ?? []) hash.update(part);
  return hash.digest("base64url");
}

test.skipIf(process.platform !== "linux")(
  "ten files of 20 MB at once pass through without being held in memory",
  async () => {
    const sandbox = await startProcess();
    trustCertificate(sandbox.caCertificate);
    await post(`${sandbox.url}/phones`, { phone: "393331234567" });
    const client = new TestClient(sandbox.webSocketUrl);
    await post(`${sandbox.url}/phones/393331234567/scan`, { qr: await client.qr() });
    await client.open();
    const { auth } = await client.socket.refreshMediaConn();
    const hasher = createHash("sha256");
    for (const part of fileContent()) hasher.update(part);
    const hash = hasher.digest("base64url");
    // The first transfer loads code and grows the buffers of the process.
    await downloadedHash(await upload(sandbox.mediaUrl, auth, hash));
    const before = peakMemory(sandbox.pid);

    const each = Array.from({ length: atOnce }, () => upload(sandbox.mediaUrl, auth, hash));
    const urls = await Promise.all(each);
    const hashes = await Promise.all(urls.map(downloadedHash));
    expect(new Set(hashes)).toEqual(new Set([hash]));
    const grown = peakMemory(sandbox.pid) - before;
    await client.close();
    expect(grown).toBeLessThan((atOnce * fileBytes) / mib / 2);
  },
);
