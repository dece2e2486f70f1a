import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Program, startProgram } from "../../tests/support/program.ts";
import { run } from "../program.ts";

/** The commands for phones on a sandbox of their own. */
let sandbox: Program;
let url: string;
beforeAll(async () => {
  const path = join(import.meta.dirname, "../../sandbox/start.ts");
  sandbox = startProgram(process.execPath, [path, "--port", "0", "--json"]);
  ({ url } = await sandbox.ready<{ url: string }>());
});
afterAll(() => sandbox.stop());

async function phones(...args: string[]) {
  const output = { stdout: "", stderr: "" };
  const exitCode = await run(["phones", ...args, "--json"], {
    env: { WM_CONFIG_HOME: "/nonexistent", WHATSAPP_SANDBOX_URL: url },
    stdout: (text) => void (output.stdout += text),
    stderr: (text) => void (output.stderr += text),
    readStdin: () => Promise.resolve(""),
    askSecret: () => Promise.resolve(undefined),
    hasColours: false,
    signal: new AbortController().signal,
  });
  const text = exitCode === 0 ? output.stdout : output.stderr;
  return { exitCode, body: JSON.parse(text) as unknown };
}

test("phones are made, write, behave and are deleted", async () => {
  const ada = "393331112223";
  const bob = "393331112224";
  expect(await phones("add", ada, "--name", "Ada")).toMatchObject({ body: { phone: ada } });
  expect(await phones("add", bob)).toMatchObject({ exitCode: 0 });
  expect(await phones("set", bob, "--auto-reply", "Later", "--auto-read")).toMatchObject({
    body: { behaviour: { autoReply: "Later", autoRead: true, online: true } },
  });
  expect(await phones("set", bob, "--no-auto-reply", "--offline")).toMatchObject({
    body: { behaviour: { autoReply: null, autoRead: true, online: false } },
  });
  expect(await phones("set", bob, "--online")).toMatchObject({ exitCode: 0 });
  expect(await phones("say", ada, bob, "Hi")).toMatchObject({ exitCode: 0 });
  expect(await phones("messages", bob)).toMatchObject({
    body: { data: [{ direction: "in", from: ada, text: "Hi" }] },
  });
  expect(await phones("delete", bob)).toMatchObject({ exitCode: 0 });
  expect(await phones("list")).toMatchObject({ body: { data: [{ phone: ada }] } });
});

test("faults are made and ended", async () => {
  const nack = ["fault", "nack", "--phone", "393331112223", "--code", "463", "--count", "2"];
  expect(await phones(...nack)).toMatchObject({ body: { kind: "nack", code: 463, count: 2 } });
  expect(await phones("fault", "clear")).toMatchObject({ body: { cleared: true } });
});

test.each([
  ["a phone that is not there", ["messages", "393339999999"], 4],
  ["a number that is none", ["messages", "x"], 2],
  ["a change of nothing", ["set", "393331112223"], 2],
  ["a fault that is none", ["fault", "nope"], 5],
])("%s is refused", async (_, args, exitCode) => {
  expect(await phones(...args)).toMatchObject({ exitCode, body: { error: {} } });
});
