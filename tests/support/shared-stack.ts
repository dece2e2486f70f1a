import type { TestProject } from "vitest/node";
import type { Addresses } from "../../local/addresses.ts";
import { startStack } from "../../local/stack.ts";

declare module "vitest" {
  interface ProvidedContext {
    addresses: Addresses;
  }
}

/** One whole stack for all files of the project; each test brings a tenant of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = await startStack(
    { port: 0, data: "", memory: true, json: false, connectors: 1, sandbox: true },
    () => {},
  );
  project.provide("addresses", stack.addresses);
  return () => stack.stop();
}
