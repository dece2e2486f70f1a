import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { verifyWebhook, type WhatsAppEvent } from "../client/index.ts";
import type { Message } from "../shared/message.ts";
import { addTenant, call, type Tenant, until } from "./support/api.ts";
import { png } from "./support/files.ts";
import { addPhone, pairSession, type Phone } from "./support/phone.ts";
import { type Program, startProgram } from "./support/program.ts";
import { startTcpProxy } from "./support/tcp-proxy.ts";
import { receiveWebhooks } from "./support/webhook-receiver.ts";

/** `wm` as its users have it: packed, and installed in an empty folder without a network. */
const addresses = inject("addresses");
const sandbox = addresses.sandboxUrl ?? "";
const execute = promisify(execFile);
const secret = "whsec_dGhpcnR5LXR3byBjaGFyYWN0ZXJzIG9mIHNlY3JldA==";

let folder: string;
let bin: string;
let tenant: Tenant;
let session: Phone;
let customer: Phone;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "whatsapp-microservice-cli-"));
  const cli = join(import.meta.dirname, "../cli");
  await execute("npm", ["pack", "--pack-destination", folder], { cwd: cli });
  const [tarball = ""] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  await writeFile(join(folder, "package.json"), '{"private":true}');
  await execute("npm", ["install", "--offline", "--no-audit", `./${tarball}`], { cwd: folder });
  bin = join(folder, "node_modules/.bin/wm");
  tenant = await addTenant(addresses);
  session = await pairSession(tenant, sandbox);
  customer = await addPhone(sandbox, "Customer");
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const environment = (url = addresses.apiUrl) => ({
  WM_CONFIG_HOME: folder,
  WHATSAPP_URL: url,
  WHATSAPP_KEY: tenant.key,
  WHATSAPP_SANDBOX_URL: sandbox,
});

interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs `wm` until it ends. */
async function wm(args: string[], env: Record<string, string> = environment()): Promise<Ended> {
  const options = { env: { ...process.env, ...env }, cwd: folder };
  try {
    return { exitCode: 0, ...(await execute(bin, args, options)) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, stdout, stderr };
  }
}

async function wmJson<Result>(...args: string[]): Promise<Result> {
  const { stdout, stderr } = await wm([...args, "--json"]);
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as Result;
}

/** Starts a `wm` that goes on; it ends with the test. */
function start(args: string[], env = environment()): Program {
  return startPlain([...args, "--json"], env);
}

function startPlain(args: string[], env: Record<string, string>): Program {
  const program = startProgram(bin, args, { env });
  stops.push(() => program.stop());
  return program;
}

/** The JSON lines of a program so far. */
function lines<Line>(program: Program): Line[] {
  const complete = program.stdout().split("\n").slice(0, -1);
  return complete.map((line) => JSON.parse(line) as Line);
}

async function lineOf<Line>(program: Program, satisfies: (line: Line) => boolean): Promise<Line> {
  const all = await until(
    () => Promise.resolve(lines<Line>(program)),
    (list) => list.some(satisfies),
    30_000,
  );
  return all.find(satisfies) as Line;
}

test("login asks the API first, and keeps the key for the user alone", async () => {
  const env = { WM_CONFIG_HOME: join(folder, "login"), WHATSAPP_URL: "", WHATSAPP_KEY: "" };
  const url = ["login", "--url", addresses.apiUrl];
  expect(await wm([...url, "--key", "sk_test_wrong"], env)).toMatchObject({ exitCode: 3 });
  expect(await wm(["sessions"], env)).toMatchObject({ exitCode: 3 });
  expect(await wm([...url, "--key", tenant.key], env)).toMatchObject({ exitCode: 0 });
  const path = join(folder, "login/wm/config.json");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual({
    url: addresses.apiUrl,
    key: tenant.key,
  });
  const listed = await wm(["sessions"], env);
  expect(listed.stdout).toMatch(/^main +connected/m);
  expect(await wm(["logout"], env)).toMatchObject({ exitCode: 0 });
  expect(await wm(["sessions"], env)).toMatchObject({ exitCode: 3 });
});

test("a session is paired by QR, and by code", async () => {
  const phone = await wmJson<{ phone: string }>("phones", "add", "--name", "Shop");
  const pairing = start(["pair", "shop"]);
  await lineOf<{ event: string }>(pairing, ({ event }) => event === "qr");
  expect((await wm(["phones", "scan", phone.phone, "shop"])).exitCode).toBe(0);
  const connected = await lineOf<{ event: string; session?: object }>(
    pairing,
    ({ event }) => event === "connected",
  );
  expect(connected.session).toMatchObject({ session_id: "shop", phone: phone.phone });

  const other = await wmJson<{ phone: string }>("phones", "add");
  const args = ["pair", "code", "--phone", other.phone, "--no-wait"];
  const { code } = await wmJson<{ code: string }>(...args);
  expect((await wm(["phones", "link", other.phone, code])).exitCode).toBe(0);
  const paired = await wm(["pair", "code", "--timeout", "30"]);
  expect(paired.stdout).toContain(`code is connected as ${other.phone}`);
  expect((await wm(["pair", "late", "--timeout", "1"])).stderr).toContain("--timeout waits longer");
  for (const id of ["shop", "code", "late"]) await wm(["sessions", "delete", id]);
});

test("a text and a file are sent, once for each key", async () => {
  const args = ["send", "main", customer.number, "Hello from wm", "--idempotency-key", "one"];
  const sent = await wmJson<Message>(...args);
  expect(await wmJson<Message>(...args)).toMatchObject({ id: sent.id });
  await customer.received("Hello from wm");
  await writeFile(join(folder, "qr.png"), png(32, 32));
  const image = ["send", "main", customer.number, "Your QR", "--file", "qr.png"];
  expect(await wmJson<Message>(...image)).toMatchObject({ type: "image", text: "Your QR" });
  const received = await wm(["phones", "messages", customer.number]);
  expect(received.stdout).toMatch(/in +\d+ +text +\w+ +Hello from wm/);
  expect(received.stdout.match(/Hello from wm/g)).toHaveLength(1);
  expect(await wm(["send", "nope", customer.number, "x"])).toMatchObject({ exitCode: 4 });
  expect(await wm(["send", "main", "393330000000", "x"])).toMatchObject({ exitCode: 5 });
});

/** A receiver at localhost that refuses what is not signed with the secret. */
async function localReceiver() {
  const arrivals: { event: WhatsAppEvent; at: number }[] = [];
  const receiver = await receiveWebhooks(async ({ raw, headers }) => {
    try {
      arrivals.push({ event: await verifyWebhook(raw, headers, secret), at: Date.now() });
      return 204;
    } catch {
      return 401;
    }
  });
  stops.push(receiver.stop);
  return { url: receiver.url, arrivals };
}

interface ListenLine {
  event: WhatsAppEvent | "ready";
}

async function startListening(url: string): Promise<void> {
  const listening = start(["listen", "--forward-to", url, "--secret", secret]);
  await lineOf<ListenLine>(listening, ({ event }) => event === "ready");
}

test("listen posts each event once, in order, over ten dropped connections", async () => {
  const { url, arrivals } = await localReceiver();
  const api = new URL(addresses.apiUrl);
  const proxy = await startTcpProxy({ host: api.hostname, port: Number(api.port) });
  stops.push(() => proxy.stop());
  const listening = startPlain(
    ["listen", "--forward-to", url, "--secret", secret],
    environment(`http://127.0.0.1:${proxy.port}`),
  );
  await until(
    () => Promise.resolve(listening.stdout()),
    (text) => text.startsWith("Ready."),
  );

  // The first drop comes before any event; the others while events come.
  for (let drop = 0; drop < 10; drop++) {
    proxy.cut();
    await Promise.all([
      customer.say(session.number, `before ${drop}`),
      customer.say(session.number, `meanwhile ${drop}`),
    ]);
    await until(
      () => Promise.resolve(arrivals.length),
      (count) => count >= 2 * (drop + 1),
      30_000,
    );
  }
  const seqs = arrivals.map(({ event }) => event.seq);
  const first = seqs[0] ?? 0;
  expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, index) => first + index));
  const texts = arrivals
    .filter(({ event }) => event.type === "message.received")
    .map(({ event }) => (event.data as Message).text);
  expect(texts).toHaveLength(20);
  expect(new Set(texts).size).toBe(20);
  const printed = await until(
    () => Promise.resolve(Array.from(listening.stdout().matchAll(/ #(\d+) /g), ([, seq]) => seq)),
    (list) => list.length === seqs.length,
  );
  expect(printed.map(Number)).toEqual(seqs);
  expect(listening.stderr().match(/The connection was lost/g)).toHaveLength(10);
});

test("an event is at localhost within 100 ms, at the median", async () => {
  const { url, arrivals } = await localReceiver();
  await startListening(url);
  for (let index = 0; index < 30; index++) {
    await customer.say(session.number, `quick ${index}`);
    await until(
      () => Promise.resolve(arrivals.length),
      (count) => count > index,
    );
  }
  const delays = arrivals
    .map(({ event, at }) => at - Date.parse(event.timestamp))
    .toSorted((a, b) => a - b);
  expect(delays[15]).toBeLessThanOrEqual(100);
});

test("Ctrl-C ends a stream with 130", async () => {
  const tail = start(["tail", "--since", "0", "--events", "session.*"]);
  await lineOf<WhatsAppEvent>(tail, ({ type }) => type === "session.connected");
  const ended = new Promise((resolve) => tail.child.once("exit", resolve));
  tail.child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(lines<WhatsAppEvent>(tail).every(({ type }) => type.startsWith("session."))).toBe(true);
});

test("trigger posts a signed sample, or lets a sandbox phone write", async () => {
  const { url, arrivals } = await localReceiver();
  const sample = ["trigger", "session.disconnected", "--forward-to", url, "--secret", secret];
  expect(await wm(sample)).toMatchObject({ exitCode: 0 });
  expect(arrivals).toMatchObject([{ event: { type: "session.disconnected", seq: 0 } }]);
  const wrong = ["trigger", "message.sent", "--forward-to", url, "--secret", `${secret}xx`];
  const refused = await wm(wrong);
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("answered 401") });

  await startListening(url);
  const real = ["trigger", "message.received", "--session", "main", "--text", "From trigger"];
  expect(await wm(real)).toMatchObject({ exitCode: 0 });
  await until(
    () => Promise.resolve(arrivals),
    (list) => list.some(({ event }) => JSON.stringify(event.data).includes("From trigger")),
  );
}, 90_000);

test("deliveries are listed and delivered again, by the API or from here", async () => {
  const endpoint = await receiveWebhooks();
  stops.push(endpoint.stop);
  const made = await call<{ id: string }>(
    "POST",
    `${addresses.apiUrl}/admin/tenants/${tenant.id}/webhooks`,
    { headers: { "X-Admin-Key": addresses.adminKey }, body: { url: endpoint.url } },
  );
  expect(await wm(["trigger", "webhook.test", "--endpoint", made.body.id])).toMatchObject({
    exitCode: 0,
  });
  const said = await customer.say(session.number, "Deliver me");
  expect(said.text).toBe("Deliver me");
  const { event } = await endpoint.next((one) => one.raw.includes("Deliver me"));
  const listed = await until(
    () => wmJson<{ data: { id: string; event_id: string; status: string }[] }>("events", "list"),
    ({ data }) => data.some((one) => one.event_id === event.id && one.status === "delivered"),
  );
  const delivery = listed.data.find((one) => one.event_id === event.id);
  const count = () => endpoint.deliveries.filter((one) => one.event.id === event.id).length;
  expect(count()).toBe(1);
  expect(await wm(["events", "resend", delivery?.id ?? ""])).toMatchObject({ exitCode: 0 });
  await until(
    () => Promise.resolve(count()),
    (times) => times === 2,
  );

  const { url, arrivals } = await localReceiver();
  const from = String(event.seq);
  const again = ["events", "resend", "--forward-to", url, "--from", from, "--secret", secret];
  expect(await wm(again)).toMatchObject({ exitCode: 0 });
  expect(arrivals.map((arrival) => arrival.event.id)).toEqual([event.id]);
});

test("doctor finds a deployment well, and a wrong key", async () => {
  const well = await wm(["doctor"]);
  expect(well.stderr).toBe("");
  expect(well).toMatchObject({ exitCode: 0 });
  for (const check of ["url", "database", "connectors", "key", "sessions"]) {
    expect(well.stdout).toMatch(new RegExp(`^✓ ${check} `, "m"));
  }
  const wrong = await wm(["doctor", "--json"], { ...environment(), WHATSAPP_KEY: "sk_test_wrong" });
  expect(wrong.exitCode).toBe(1);
  expect(JSON.parse(wrong.stdout)).toMatchObject({
    ok: false,
    findings: expect.arrayContaining([
      expect.objectContaining({ check: "key", status: "failed", todo: expect.any(String) }),
    ]),
  });
  expect(await wm(["doctor"], environment("http://127.0.0.1:9"))).toMatchObject({ exitCode: 1 });
});
