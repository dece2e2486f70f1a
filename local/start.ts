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
  const stopRequested = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        // A second one does not wait for the stop to finish.
        process.once(signal, () => process.exit(130));
        resolve();
      });
    }
  });
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

function show(addresses: Addresses, options: Options): void {
  process.stdout.write(options.json ? `${JSON.stringify(addresses)}\n` : welcome(addresses));
}

function fail(lines: string[]): void {
  process.stderr.write(`${lines.join("\n")}\n`);
  process.exitCode = 1;
}
