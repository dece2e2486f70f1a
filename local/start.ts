import { inspect } from "node:util";
import { AlreadyRunning } from "./data-directory.ts";
import { readOptions, type Options } from "./options.ts";
import { isFree } from "./port.ts";
import { type Addresses, startStack } from "./stack.ts";
import { welcome } from "./welcome.ts";

const asked = readOptions(process.argv.slice(2), process.env);
if ("help" in asked) {
  process.stdout.write(`${asked.help}\n`);
} else if ("mistakes" in asked) {
  fail([...asked.mistakes, "npm start -- --help lists what there is."]);
} else {
  await run(asked.options);
}

async function run(options: Options): Promise<void> {
  const startedAt = performance.now();
  const report = (line: string) => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    process.stderr.write(`  ${seconds.padStart(5)} s  ${line}\n`);
  };
  if (!(await isFree(options.port))) {
    fail([`Port ${options.port} is taken. Choose another: PORT=3001 npm start`]);
    return;
  }
  const stopRequested = onStopSignal();
  try {
    const stack = await startStack(options, report);
    show(stack.addresses, options);
    await stopRequested;
    report("stopping");
    await stack.stop();
    report("stopped");
    process.exit(0);
  } catch (error) {
    fail([error instanceof AlreadyRunning ? error.message : inspect(error)]);
    process.exit(1);
  }
}

/**
 * Resolves with the first SIGINT or SIGTERM. A later one ends the process without waiting; what
 * comes within the same second is the same Ctrl-C, heard from the terminal and from npm.
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
