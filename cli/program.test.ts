import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Io } from "./context.ts";
import { run } from "./program.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "wm-program-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function wm(args: string[], env: Record<string, string> = {}, stdin = "") {
  const output = { stdout: "", stderr: "" };
  const io: Io = {
    env: { WM_CONFIG_HOME: home, ...env },
    stdout: (text) => void (output.stdout += text),
    stderr: (text) => void (output.stderr += text),
    readStdin: () => Promise.resolve(stdin),
    askSecret: () => Promise.resolve(undefined),
    hasColours: false,
    signal: new AbortController().signal,
  };
  return { exitCode: await run(args, io), ...output };
}

const nowhere = { WHATSAPP_URL: "http://127.0.0.1:9", WHATSAPP_KEY: "sk_test_1" };

test.each([
  ["no such command", ["sesions"], 2, "Did you mean sessions?"],
  ["no such option", ["sessions", "list", "--nope"], 2, "unknown option"],
  ["a missing argument", ["send", "main"], 2, "missing required argument"],
  ["a missing option", ["listen"], 2, "--forward-to"],
  ["a target that is no URL", ["listen", "--forward-to", "a b"], 2, "is not a URL"],
  ["a number that is none", ["tail", "--since", "1e"], 2, "whole number"],
  ["a kind of file that is none", ["send", "a", "b", "--as", "pdf"], 2, "Allowed choices"],
  ["nothing to send", ["send", "main", "1"], 2, "Add a text"],
  ["a file that is missing", ["send", "main", "1", "--file", "/nope"], 2, "cannot be read"],
  ["an unknown type", ["trigger", "nope", "--forward-to", "x:1"], 2, "There is no event type"],
  ["resend without a choice", ["events", "resend"], 2, "Which events?"],
  [
    "a range that is none",
    ["events", "resend", "--forward-to", "x:1", "--from", "5", "--to", "4"],
    2,
    "Which events?",
  ],
])("%s: exit code and what to do", async (_, args, exitCode, text) => {
  const result = await wm(args, nowhere);
  expect(result).toMatchObject({ exitCode, stdout: "" });
  expect(result.stderr).toContain(text);
});

test("help and version are results, not errors", async () => {
  expect(await wm(["--help"])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("Exit codes:"),
  });
  expect(await wm(["--version"])).toMatchObject({ exitCode: 0, stdout: "0.1.0\n" });
});

test("without a key it is 3, without an API 6; --json says it in JSON", async () => {
  expect(await wm(["sessions"])).toMatchObject({
    exitCode: 3,
    stderr: expect.stringContaining("wm login"),
  });
  const unreachable = await wm(["events", "resend", "x", "--json"], {
    ...nowhere,
    WHATSAPP_URL: "http://127.0.0.1:9",
  });
  expect(unreachable.exitCode).toBe(6);
  expect(JSON.parse(unreachable.stderr)).toMatchObject({ error: { code: "unreachable" } });
});

test("a key with a line break or a URL that is none is refused before a request", async () => {
  expect(await wm(["login", "--url", "api.test"], {}, "sk_test_1\n")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("baseUrl must be"),
  });
  expect(await wm(["login", "--url", "http://127.0.0.1:9"], {}, "sk test")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("without spaces"),
  });
  expect(await wm(["login", "--url", "http://127.0.0.1:9"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("There is no key"),
  });
});

test("bash completes commands, subcommands and options", async () => {
  const { stdout } = await wm(["completion", "bash"]);
  const script = join(home, "wm.bash");
  await writeFile(script, stdout);
  const complete = (...words: string[]) =>
    execFileSync("bash", [
      "-c",
      `source "$0"; COMP_WORDS=(wm "$@"); COMP_CWORD=$#; _wm; echo "\${COMPREPLY[*]}"`,
      script,
      ...words,
    ])
      .toString()
      .trim()
      .split(" ");
  expect(complete("se")).toEqual(["sessions", "send"]);
  expect(complete("events", "")).toEqual(["list", "resend", "--help"]);
  expect(complete("events", "resend", "--f")).toEqual(["--from", "--forward-to"]);
  expect(complete("listen", "--forward-to", "x", "--s")).toEqual([
    "--secret",
    "--session",
    "--since",
  ]);
});

test("the scripts of the other shells name every command", async () => {
  for (const shell of ["zsh", "fish"]) {
    const { stdout } = await wm(["completion", shell]);
    for (const word of ["login", "listen", "resend", "doctor", "scan"]) {
      expect(stdout).toContain(word);
    }
  }
  expect(await wm(["completion", "csh"])).toMatchObject({ exitCode: 2 });
});
