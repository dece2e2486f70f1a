import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare, NoOpLog } from "miniflare";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { signWebhook } from "../client/index.ts";
import { addTenant, type Tenant, until } from "./support/api.ts";
import { png } from "./support/files.ts";
import { addPhone, pairSession, type Phone } from "./support/phone.ts";
import { startProgram } from "./support/program.ts";

/** The package as its users have it: packed, and installed in an empty folder without a network. */
const addresses = inject("addresses");
const sandbox = addresses.sandboxUrl ?? "";
const execute = promisify(execFile);
const root = join(import.meta.dirname, "..");

let folder: string;
let tenant: Tenant;
let session: Phone;
let customer: Phone;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "whatsapp-microservice-client-"));
  await execute("npm", ["pack", "--pack-destination", folder], { cwd: join(root, "client") });
  const [tarball = ""] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  await writeFile(join(folder, "package.json"), '{"private":true,"type":"module"}');
  await execute("npm", ["install", "--offline", "--no-audit", `./${tarball}`], { cwd: folder });
  tenant = await addTenant(addresses);
  session = await pairSession(tenant, sandbox);
  customer = await addPhone(sandbox, "Customer");
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const env = () => ({
  ...process.env,
  WHATSAPP_URL: addresses.apiUrl,
  WHATSAPP_KEY: tenant.key,
});

/** Runs a program in the folder, by the Node of the tests; gives its lines. */
async function run(code: string, ...args: string[]): Promise<string[]> {
  const path = join(folder, "program.mjs");
  await writeFile(path, code);
  const { stdout } = await execute(process.execPath, [path, ...args], { cwd: folder, env: env() });
  return stdout.split("\n").filter(Boolean);
}

/** The examples of the predecessor's README as they are printed there, with what they assume. */
const seedExamples = `
import { WhatsAppClient as Client } from "whatsapp-microservice-client";
const here = { apiKey: process.env.WHATSAPP_KEY, baseUrl: process.env.WHATSAPP_URL };
class WhatsAppClient extends Client { constructor() { super(here); } }
const [phone, png] = process.argv.slice(2);
const app = { post(path, handler) { this.handler = handler; } };
const createTicket = (ticket) => console.log(JSON.stringify(ticket));
const customer = { phone };
const order = { id: 1234, total: 10, deliveryDate: "tomorrow", qrCodeBase64: png };
const getMarketingContacts = () => [customer, customer];
const personalizeMessage = (contact, campaign) => campaign + " " + ++sent;
const campaign = "Spring";
const slept = [];
const sleep = (ms) => slept.push(ms);
let sent = 0;

// Your CRM backend
const whatsapp = new WhatsAppClient({
  apiKey: 'sk_live_crm_...',
  baseUrl: 'https://your-backend.railway.app'
});

// Send support message
await whatsapp.sendMessage('support_team', {
  to: '393331234567',
  message: 'Hi! Your ticket #1234 has been resolved.'
});

// Receive webhook when customer replies
app.post('/webhooks/whatsapp', (req, res) => {
  const { type, data } = req.body;

  if (type === 'message.received') {
    // Create ticket from customer message
    createTicket({
      from: data.from,
      message: data.message,
      channel: 'whatsapp'
    });
  }
});

// Send order confirmation
await whatsapp.sendMessage('ecom_orders', {
  to: customer.phone,
  message: \`✅ Order #\${order.id} confirmed!\\n\\nTotal: €\${order.total}\\nDelivery: \${order.deliveryDate}\`
});

// Send with image
await whatsapp.sendImage('ecom_orders', {
  to: customer.phone,
  image: order.qrCodeBase64,
  caption: 'Show this QR at pickup point'
});

// Marketing campaign
const contacts = await getMarketingContacts();

for (const contact of contacts) {
  await whatsapp.sendMessage('marketing', {
    to: contact.phone,
    message: personalizeMessage(contact, campaign)
  });

  await sleep(20000); // Respect rate limits
}
for await (const event of whatsapp.streamEvents({ lastEventId: 0 })) {
  if (event.type !== "message.received") continue;
  app.handler({ body: event });
  break;
}
`;

test("the seed's three examples, as printed", async () => {
  const code = seedExamples
    .replaceAll(/'(support_team|ecom_orders|marketing)'/g, "'main'")
    .replace("393331234567", customer.number);
  await customer.say(session.number, "Where is my order?");
  const lines = await run(code, customer.number, png(64, 64).toString("base64"));
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { from: customer.number, message: "Where is my order?", channel: "whatsapp" },
  ]);
  await customer.received("Hi! Your ticket #1234 has been resolved.");
  await customer.received("✅ Order #1234 confirmed!\n\nTotal: €10\nDelivery: tomorrow");
  await customer.received("Show this QR at pickup point");
  await customer.received("Spring 1");
  await customer.received("Spring 2");
});

async function readmeProgram(name: string): Promise<string> {
  const readme = await readFile(join(root, "client/README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```js\n(?<code>.*?)^```$/gms)];
  const code = blocks.map(({ groups }) => groups?.["code"] ?? "");
  const found = code.find((block) => block.startsWith(`// ${name}\n`));
  if (found === undefined) throw new Error(`The README has no program ${name}`);
  return found;
}

test("the programs of the README", async () => {
  const send = await readmeProgram("send.mjs");
  const first = await run(send, customer.number);
  expect(first).toEqual([expect.stringMatching(/^[0-9a-f-]{36} (SENT|DELIVERED)$/)]);
  await customer.received("Your order has been shipped");
  expect((await run(send, customer.number))[0]?.slice(0, 36)).toBe(first[0]?.slice(0, 36));
  expect(await run(await readmeProgram("errors.mjs"))).toEqual(["422 invalid_request to"]);
  expect(await run(await readmeProgram("history.mjs"))).toContain(
    "out Your order has been shipped",
  );
  const events = await run(await readmeProgram("events.mjs"));
  expect(events.at(-1)).toMatch(/^\d+ message\.sent$/);
});

test("the README's receiver takes what is signed, and answers 401 to the rest", async () => {
  const secret = "whsec_dGhpcnR5LXR3byBjaGFyYWN0ZXJzIG9mIHNlY3JldA==";
  const path = join(folder, "receive.mjs");
  await writeFile(path, await readmeProgram("receive.mjs"));
  const receiver = startProgram(process.execPath, [path], { env: { WEBHOOK_SECRET: secret } });
  try {
    const output = await until(
      () => Promise.resolve(receiver.stdout()),
      (text) => text.includes("\n"),
    );
    const url = `http://127.0.0.1:${/listening on (\d+)/.exec(output)?.[1]}`;
    const data = { from: "393331234567", message: "Ciao 👋" };
    const body = JSON.stringify({ id: "evt_1", type: "message.received", data });
    const headers = await signWebhook({ payload: body, id: "evt_1", type: "t", secret });
    expect(await fetch(url, { method: "POST", body, headers })).toMatchObject({ status: 204 });
    const changed = body.replace("Ciao", "Tschau");
    const refused = await fetch(url, { method: "POST", body: changed, headers });
    expect(refused.status).toBe(401);
    await until(
      () => Promise.resolve(receiver.stdout()),
      (text) => text.includes("393331234567: Ciao 👋\n"),
    );
  } finally {
    await receiver.stop();
  }
});

test("the types are there for a strict TypeScript program without Node's types", async () => {
  const consumer = `
import { ApiError, type Message, verifyWebhook, WhatsAppClient } from "whatsapp-microservice-client";
const whatsapp = new WhatsAppClient({ apiKey: "k", baseUrl: "https://api.example.com" });
export async function use(signal: AbortSignal): Promise<string | null> {
  const sent: Message = await whatsapp.sendMessage("main", { to: "1", message: "Hi" }, { signal });
  await whatsapp.sendImage("main", { to: "1", image: new Blob(["x"]) });
  for await (const message of whatsapp.listMessages("main", { status: "READ" })) message.text;
  for await (const event of whatsapp.streamEvents()) {
    if (event.type === "message.received") return event.data.from;
  }
  const event = await verifyWebhook("{}", new Headers(), ["a", "b"]);
  if (event.type === "session.connected") return event.data.phone;
  // @ts-expect-error there is no such status
  whatsapp.listMessages("main", { status: "GONE" });
  // @ts-expect-error a recipient is needed
  await whatsapp.sendMessage("main", { message: "Hi" });
  return sent.text;
}
export const code = (error: unknown) => (error instanceof ApiError ? error.code : undefined);
`;
  await writeFile(join(folder, "consumer.ts"), consumer);
  const options = {
    target: "es2022",
    module: "nodenext",
    lib: ["es2023", "dom", "dom.asynciterable"],
    types: [],
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
  };
  const config = { compilerOptions: options, files: ["consumer.ts"] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(root, "node_modules/.bin/tsc");
  const { stdout } = await execute(tsc, ["-p", "."], { cwd: folder });
  expect(stdout).toBe("");
});

test("in workerd it sends, streams and verifies; nothing of Node is imported", async () => {
  const entry = join(folder, "worker.js");
  await writeFile(
    entry,
    `import { signWebhook, verifyWebhook, WhatsAppClient } from "whatsapp-microservice-client";
export default {
  async fetch(request) {
    const { apiKey, baseUrl, to } = await request.json();
    const whatsapp = new WhatsAppClient({ apiKey, baseUrl });
    const sent = await whatsapp.sendMessage("main", { to, message: "From workerd" });
    await whatsapp.sendDocument("main", { to, document: new Uint8Array([72, 105]), file_name: "a.txt" });
    const missing = await whatsapp.getSession("missing").catch((error) => error);
    let streamed;
    for await (const event of whatsapp.streamEvents({ lastEventId: 0 })) {
      streamed = event.type;
      break;
    }
    const secret = "whsec_c2VjcmV0IG9mIHR3ZW50eS1mb3VyIGJ5dGVz";
    const headers = await signWebhook({ payload: "{}", id: "1", type: "t", secret });
    const verified = await verifyWebhook("{}", new Headers(headers), secret);
    return Response.json({ text: sent.text, code: missing.code, streamed, verified });
  },
};`,
  );
  const bundle = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    metafile: true,
  });
  const imports = Object.values(bundle.metafile.outputs).flatMap((output) => output.imports);
  expect(imports).toEqual([]);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "client-test",
      host: "127.0.0.1",
      port: 0,
      log: new NoOpLog(),
      cf: false,
      compatibilityDate: "2026-01-01",
      modules: [
        { type: "ESModule", path: "worker.mjs", contents: bundle.outputFiles[0]?.text ?? "" },
      ],
    }),
  );
  try {
    const url = await miniflare.ready;
    const answer = await fetch(url, {
      method: "POST",
      body: JSON.stringify({ apiKey: tenant.key, baseUrl: addresses.apiUrl, to: customer.number }),
    });
    expect(await answer.json()).toEqual({
      text: "From workerd",
      code: "not_found",
      streamed: expect.stringMatching(/^(session|message)\./),
      verified: {},
    });
    await customer.received("From workerd");
  } finally {
    await miniflare.dispose();
  }
});
