import { join } from "node:path";
import type { Logger } from "pino";
import type { z } from "zod";
import type { Options } from "../options.ts";
import { preferPort } from "../port.ts";
import { startChildProcess } from "../processes/child-process.ts";
import { type SupervisedProcess, superviseProcess } from "../processes/supervised-process.ts";
import type { Secrets } from "../secrets.ts";
import type { Settings } from "../settings.ts";

/**
 * Returns the environment variables that a component is started with, given those that the stack
 * would start it with. Tests use it to put a proxy between two components.
 */
export type Configure = (
  component: string,
  env: Record<string, string>,
) => Promise<Record<string, string>>;

/** What every component is started with. */
export interface StartContext {
  options: Options;
  /** Prints a line of progress for the person or the log that watches the start. */
  report: (line: string) => void;
  dataDir: string;
  secrets: Secrets;
  /** What the user set for the components. */
  settings: Settings;
  log: Logger;
  configure: Configure;
  /** Registers something that was started; the stack stops these in reverse order. */
  stopOnShutdown<Started extends { stop(): Promise<unknown> }>(
    name: string,
    started: Started,
  ): Started;
}

/** Runs a component in its own process and restarts it after a crash, until the stack stops. */
export async function startComponent<Ready extends { url: string }>(
  context: StartContext,
  component: {
    name: string;
    entry: string;
    args?: string[];
    nodeOptions?: string[];
    port: number;
    env: Record<string, string>;
    ready: z.ZodType<Ready>;
  },
): Promise<SupervisedProcess<Ready>> {
  const env = await context.configure(component.name, {
    ...component.env,
    PORT: String(component.port),
  });
  const supervised = await superviseProcess<Ready>({
    start: (previous) =>
      startChildProcess<Ready>({
        ...component,
        // A port that the system picked stays the same after a restart.
        env:
          env["PORT"] === "0" && previous !== undefined
            ? { ...env, PORT: new URL(previous.url).port }
            : env,
        logFile: context.options.json
          ? null
          : join(context.dataDir, "logs", `${component.name}.log`),
      }),
    onCrash: () => context.report(`${component.name} exited unexpectedly; restarting it`),
  });
  return context.stopOnShutdown(component.name, supervised);
}

/** A component's usual port if it is free, otherwise any free one; with PORT=0 always any. */
export async function choosePort(options: Options, usual: number): Promise<number> {
  return options.port === 0 ? 0 : preferPort(usual);
}
