import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { deliveryHeaders } from "../control-plane/delivery/sign.ts";
import { addTenant, until } from "./support/api.ts";
import { addPhone, pairSession } from "./support/phone.ts";
import { startProgram } from "./support/program.ts";

/** The programs that docs/INTEGRATION_GUIDE.md prints, run as they are. */
const addresses = inject("addresses");
const execute = promisify(execFile);
const guide = new URL("../docs/INTEGRATION_GUIDE.md", import.meta.url);
const hasPython = spawnSync("python3", ["--version"]).status === 0;
const languages = [
  ["node", "send.mjs", "receive.mjs"],
  ["python3", "send.py", "receive.py"],
] as const;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "whatsapp-microservice-guide-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test("railway.json builds the connector's image and asks the connector for its health", async () => {
  const root = new URL("../", import.meta.url);
  const text = await readFile(new URL("railway.json", root), "utf8");
  const { build, deploy } = JSON.parse(text) as {
    build: { dockerfilePath: string };
    deploy: { healthcheckPath: string };
  };
  const image = await readFile(new URL(build.dockerfilePath, root), "utf8");
  expect(image).toContain("connector/start.ts");
  const health = await fetch(new URL(deploy.healthcheckPath, addresses.connectorUrls[0]));
  expect(health.status).toBe(200);
});

/** Writes the code block whose first line is a comment with this file name; gives its path. */
async function program(name: string): Promise<string> {
  const text = await readFile(guide, "utf8");
  const blocks = [...text.matchAll(/^```\w+\n(?<code>.*?)^```$/gms)];
  const code = blocks.map(({ groups }) => groups?.["code"] ?? "");
  const found = code.find((block) => /^(\/\/|#) (.*)$/m.exec(block)?.[2] === name);
  if (found === undefined) throw new Error(`The guide has no program ${name}`);
  const path = join(directory, name);
  await writeFile(path, found);
  return path;
}

test.for(languages)("%s sends by %s, once for each key", async ([command, name], { skip }) => {
  skip(command === "python3" && !hasPython, "this machine has no python3");
  const tenant = await addTenant(addresses);
  await pairSession(tenant, addresses.sandboxUrl ?? "");
  const ada = await addPhone(addresses.sandboxUrl ?? "");
  const env = { ...process.env, WHATSAPP_URL: addresses.apiUrl, WHATSAPP_KEY: tenant.key };
  const path = await program(name);
  const send = (to: string) => execute(command, [path, to, "Shipped ✅", "order-1"], { env });

  const first = await send(ada.number);
  expect(first.stdout).toMatch(/^[0-9a-f-]{36} (SENT|DELIVERED)\n$/);
  await ada.received("Shipped ✅");
  expect((await send(ada.number)).stdout.slice(0, 36)).toBe(first.stdout.slice(0, 36));
  await expect(send("393330000000")).rejects.toThrow("Idempotency-Key");
});

test.for(languages)(
  "%s verifies both signatures of a webhook",
  async ([command, , name], { skip }) => {
    skip(command === "python3" && !hasPython, "this machine has no python3");
    const secret = `whsec_${Buffer.from("a secret of thirty-two characters").toString("base64")}`;
    const receiver = startProgram(command, [await program(name)], {
      env: { WEBHOOK_SECRET: secret, PORT: "0" },
    });
    try {
      await until(
        () => Promise.resolve(receiver.stdout()),
        (text) => text.includes("\n"),
      );
      const port = /listening on (\d+)/.exec(receiver.stdout())?.[1];
      const data = { from: "393331234567", message: "Ciao 👋" };
      const body = JSON.stringify({ id: "evt_1", type: "message.received", data });
      const headers = await deliveryHeaders({
        eventId: "evt_1",
        eventType: "message.received",
        attempt: 1,
        body,
        secrets: [secret],
        sentAt: new Date(),
      });
      const post = async (changed: Record<string, string>, text = body) => {
        const request = { method: "POST", headers: { ...headers, ...changed }, body: text };
        return (await fetch(`http://127.0.0.1:${port}/`, request)).status;
      };
      expect(await post({})).toBe(204);
      expect(await post({})).toBe(204);
      expect(await post({}, `${body} `)).toBe(401);
      expect(await post({ "webhook-timestamp": "1700000000" })).toBe(401);
      expect(await post({ "webhook-signature": "v1,AAAA" })).toBe(401);
      expect(await post({ "x-webhook-signature": "sha256=00" })).toBe(401);
      await until(
        () => Promise.resolve(receiver.stdout()),
        (text) => text.includes("Ciao"),
      );
      const ended = once(receiver.child, "exit");
      receiver.child.kill("SIGTERM");
      await ended;
      expect(receiver.stdout().split("\n").slice(1)).toEqual(["393331234567: Ciao 👋", ""]);
    } finally {
      await receiver.stop();
    }
  },
);
