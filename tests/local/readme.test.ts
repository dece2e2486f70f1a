import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stack, startStack } from "../../local/stack.ts";

const run = promisify(execFile);

let data: string;
let stack: Stack;
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "whatsapp-microservice-readme-"));
  stack = await startStack(
    { port: 0, data, memory: false, json: false, connectors: 1, sandbox: true },
    () => {},
  );
}, 60_000);
afterAll(async () => {
  await stack.stop();
  await rm(data, { recursive: true, force: true });
});

test("the commands of the README, pasted at once, print what they say", async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const block = /```sh\n(API=[\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const { apiUrl, sandboxUrl, apiKey } = stack.addresses;
  const script = block
    .replace("http://127.0.0.1:3000", apiUrl)
    .replace("http://127.0.0.1:3100", sandboxUrl ?? "")
    .replace("sk_test_...", apiKey);
  const { stdout } = await run("bash", ["-c", script], { timeout: 40_000 });
  const answers = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
  const [session, ada, device, status, bob, sent, atBob, said, history] = answers;
  expect(session).toMatchObject({ session_id: "main", name: "Main WhatsApp Number" });
  expect(ada).toMatchObject({ phone: "393331234567", name: "Ada" });
  expect(device).toMatchObject({ online: expect.any(Boolean) });
  expect(status).toMatchObject({
    session_id: "main",
    state: expect.stringMatching(/^(connecting|connected)$/),
  });
  expect(bob).toMatchObject({ name: "Bob" });
  expect(sent).toMatchObject({ status: "SENT", text: "Hello Bob" });
  expect(atBob).toMatchObject({ data: [{ text: "Hello Bob", direction: "in" }] });
  expect(said).toMatchObject({ text: "Hi Ada" });
  expect(history).toMatchObject({ data: expect.arrayContaining([]) });
});
