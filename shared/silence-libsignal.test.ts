import { Console } from "node:console";
import { PassThrough } from "node:stream";
import { Script } from "node:vm";
import { expect, test } from "vitest";
import { silenceLibsignal } from "./silence-libsignal.ts";

/** A console and what it has printed. */
function recordedConsole() {
  const stream = new PassThrough({ encoding: "utf8" });
  const target = new Console(stream, stream);
  return { target, printed: () => String(stream.read() ?? "") };
}

/** Calls every method of the console from a file at `path`. */
function printFrom(path: string, target: Console): void {
  const script = new Script(
    `(target) => { for (const method of ["debug", "error", "info", "log", "warn"]) target[method](method, "secret"); }`,
    { filename: path },
  );
  script.runInThisContext()(target);
}

test.each(["/app/node_modules/libsignal/src/session_record.js", "C:\\app\\libsignal\\src\\a.js"])(
  "nothing that %s prints reaches the console",
  (path) => {
    const { target, printed } = recordedConsole();
    silenceLibsignal(target);
    printFrom(path, target);
    expect(printed()).toBe("");
  },
);

test("all other output passes, once, however often it is silenced", () => {
  const { target, printed } = recordedConsole();
  silenceLibsignal(target);
  silenceLibsignal(target);
  printFrom("/app/src/libsignal-user.js", target);
  expect(printed()).toBe(
    ["debug", "error", "info", "log", "warn"].map((method) => `${method} secret\n`).join(""),
  );
});
