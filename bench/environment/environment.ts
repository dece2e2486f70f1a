import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Bare, startBare } from "../bare/start.ts";
import { startPlain } from "../plain/start.ts";
import { ownDirectory } from "../product/spawn-product.ts";
import { type Product, startProduct } from "../product/start.ts";
import { type Receiver, startReceiver } from "../receiver/start.ts";
import { type SandboxAddress, startSandbox } from "../sandbox/start.ts";
import type { Gateway } from "../support/gateway.ts";
import { printMachine } from "../support/machine.ts";

const interruptedCode = 130;

/** What a bench measures, and where it sends and receives. Whatever it starts is stopped at the end. */
export interface Environment {
  sandbox: SandboxAddress;
  receiver: Receiver;
  /** A new directory on disk. */
  newDirectory(): Promise<string>;
  stopAtEnd<Started extends Stoppable>(started: Started): Started;
  /** Stops before the end what was handed to `stopAtEnd`. */
  stopNow(started: Stoppable): Promise<void>;
  /** This checkout, and the one named by --compare. */
  checkouts: Checkout[];
  startProducts(): Promise<Product[]>;
  startPlain(): Promise<Gateway>;
  startBare(): Bare;
}

interface Stoppable {
  stop(): Promise<unknown>;
}

export interface Checkout {
  column: "ours" | "before";
  directory: string;
}

/** Runs a bench between the start and the stop of its sandbox and its webhook receiver. */
export async function runBench(
  { compare }: { compare: string | undefined },
  work: (environment: Environment) => Promise<void>,
): Promise<never> {
  const started = new Set<Stoppable>();
  const stopAll = async () => {
    for (const one of [...started].toReversed()) {
      started.delete(one);
      await one.stop().catch(reportFailure);
    }
  };
  let interrupted = false;
  const interrupt = () => {
    // On Ctrl-C it arrives twice: from the terminal, and from the process that runs the bench.
    if (interrupted) return;
    interrupted = true;
    void stopAll().finally(() => process.exit(interruptedCode));
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  printMachine();
  try {
    await work(await startEnvironment(compare, started));
  } catch (error) {
    // An interrupt makes the work fail, and exits by itself once everything has stopped.
    if (interrupted) return new Promise(() => {});
    reportFailure(error);
  }
  await stopAll();
  process.exit();
}

async function startEnvironment(
  compare: string | undefined,
  started: Set<Stoppable>,
): Promise<Environment> {
  const stopAtEnd: Environment["stopAtEnd"] = (one) => {
    started.add(one);
    return one;
  };
  const stopNow = async (one: Stoppable) => {
    started.delete(one);
    await one.stop();
  };
  const newDirectory = async () => {
    const path = await mkdtemp(join(tmpdir(), "whatsapp-microservice-bench-"));
    started.add({ stop: () => rm(path, { recursive: true, force: true }) });
    return path;
  };
  const checkouts: Checkout[] = [{ column: "ours", directory: ownDirectory }];
  if (compare !== undefined) checkouts.push({ column: "before", directory: resolve(compare) });
  const sandbox = stopAtEnd(await startSandbox(await newDirectory())).ready;
  const receiver = stopAtEnd(await startReceiver());
  return {
    sandbox,
    receiver,
    newDirectory,
    stopAtEnd,
    stopNow,
    checkouts,
    async startProducts() {
      const products: Product[] = [];
      for (const checkout of checkouts) {
        const dataDir = await newDirectory();
        const webhookUrl = receiver.urlOf(checkout.column);
        products.push(stopAtEnd(await startProduct({ ...checkout, dataDir, sandbox, webhookUrl })));
      }
      return products;
    },
    startPlain: async () =>
      stopAtEnd(
        await startPlain({
          dataDir: await newDirectory(),
          sandbox,
          webhookUrl: receiver.urlOf("plain"),
        }),
      ),
    startBare: () => stopAtEnd(startBare(sandbox)),
  };
}

function reportFailure(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
