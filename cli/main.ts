#!/usr/bin/env node
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Io } from "./context.ts";
import { run } from "./program.ts";

const aborter = new AbortController();
// A second Ctrl-C ends it at once, as it does without a handler.
process.once("SIGINT", () => aborter.abort(new Error("Interrupted")));
process.once("SIGTERM", () => aborter.abort(new Error("Interrupted")));
// The reader of a pipe, like head, has enough.
process.stdout.on("error", () => process.exit(0));

const io: Io = {
  env: process.env,
  stdout: (line) => process.stdout.write(line),
  stderr: (line) => process.stderr.write(line),
  readStdin: () => (process.stdin.isTTY ? Promise.resolve("") : text(process.stdin)),
  askSecret,
  hasColours: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
  signal: aborter.signal,
};

/** readline echoes what is typed to its output, which here shows nothing. */
async function askSecret(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  process.stderr.write(question);
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: hidden, terminal: true });
  try {
    return await new Promise<string>((resolve) => {
      lines.once("line", resolve);
      lines.once("SIGINT", () => {
        aborter.abort(new Error("Interrupted"));
        resolve("");
      });
    });
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}

process.exitCode = await run(process.argv.slice(2), io);
