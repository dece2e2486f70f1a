import { existsSync } from "node:fs";
import { inspect } from "node:util";
import { CannotStart } from "./cannot-start.ts";
import { readOptions, type Options } from "./options.ts";
import { parentExit } from "./processes/parent-exit.ts";
import { readSettings } from "./settings.ts";
import { type Addresses, readAddresses } from "./addresses.ts";
import { startStack } from "./stack.ts";
import { welcome } from "./welcome.ts";

const envFile = ".env";
if (existsSync(envFile)) process.loadEnvFile(envFile);

const parsed = readOptions(process.argv.slice(2), process.env);
if ("help" in parsed) {
  process.stdout.write(`${parsed.help}\n`);
} else if ("mistakes" in parsed) {
  fail([...parsed.mistakes, "npm start -- --help lists the options."]);
} else if ("info" in parsed) {
  await showInfo(parsed.info);
} else {
  await run(parsed.options);
}

async function run(options: Options): Promise<void> {
  const startedAt = performance.now();
  const report = (line: string) => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    process.stderr.write(`  ${seconds.padStart(5)} s  ${line}\n`);
  };
  const stopRequested = Promise.race([onStopSignal(), parentExit(process.env)]);
  try {
    const stack = await startStack(options, report, { settings: readSettings(process.env) });
    show(stack.addresses, options);
    await stopRequested;
    report("stopping");
    await stack.stop();
    report("stopped");
    process.exit(0);
  } catch (error) {
    failWith(error);
    process.exit(1);
  }
}

async function showInfo(options: Options): Promise<void> {
  try {
    show(await readAddresses(options.data), options);
  } catch (error) {
    failWith(error);
  }
}

/** What the user can change is one readable message; anything else is a fault, with its stack. */
function failWith(error: unknown): void {
  fail([error instanceof CannotStart ? error.message : inspect(error)]);
}

/**
 * Resolves on the first SIGINT or SIGTERM. A later one exits at once, but not one within a second
 * of the first: on Ctrl-C both the terminal and npm send a signal.
 */
function onStopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const onSignal = () => {
      if (firstAt !== undefined && performance.now() - firstAt > 1000) process.exit(130);
      firstAt ??= performance.now();
      resolve();
    };
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
  });
}

function show(addresses: Addresses, options: Options): void {
  process.stdout.write(options.json ? `${JSON.stringify(addresses)}\n` : welcome(addresses));
}

function fail(lines: string[]): void {
  process.stderr.write(`${lines.join("\n")}\n`);
  process.exitCode = 1;
}
