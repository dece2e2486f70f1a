import type { SandboxAddress } from "../sandbox/start.ts";
import { type BenchChild, forkChild } from "../support/fork-child.ts";
import { type Command, type Result, resultSchema } from "./command.ts";

export type Bare = BenchChild<Command, Result>;

/** Bare Baileys in a process of its own, connected to this sandbox. */
export function startBare(sandbox: SandboxAddress): Bare {
  return forkChild<Command, Result>({
    entry: new URL("main.ts", import.meta.url),
    env: { SANDBOX_URL: sandbox.url, NETWORK_URL: sandbox.webSocketUrl },
    result: resultSchema,
  });
}
