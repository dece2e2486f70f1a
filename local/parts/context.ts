import { join } from "node:path";
import type { Logger } from "pino";
import type { z } from "zod";
import type { Options } from "../options.ts";
import { portNear } from "../port.ts";
import type { Secrets } from "../secrets.ts";
import { type KeptPart, keepPart } from "./kept-part.ts";
import { startPart } from "./part.ts";

/** What every part is started with. */
export interface Context {
  options: Options;
  /** Tells a person, or a log, what is happening. */
  report: (line: string) => void;
  dataDir: string;
  secrets: Secrets;
  log: Logger;
  /** Remembers what was started, to stop it again in the opposite order. */
  track<Part extends { stop(): Promise<unknown> }>(name: string, part: Part): Part;
}

/** Runs a part in a process of its own until the stack stops. */
export async function keep<Ready extends { url: string }>(
  context: Context,
  part: {
    name: string;
    entry: string;
    args?: string[];
    port: number;
    env: Record<string, string>;
    ready: z.ZodType<Ready>;
  },
): Promise<KeptPart<Ready>> {
  const kept = await keepPart<Ready>({
    start: (before) =>
      startPart<Ready>({
        ...part,
        env: {
          ...part.env,
          PORT: before === undefined ? String(part.port) : new URL(before.url).port,
        },
        logFile: context.options.json ? null : join(context.dataDir, "logs", `${part.name}.log`),
      }),
    onCrash: () => context.report(`${part.name} ended by itself and is started again`),
  });
  return context.track(part.name, kept);
}

/** The usual port of a part while it is free, or any: PORT=0 asks for any. */
export async function choosePort(options: Options, usual: number): Promise<number> {
  return options.port === 0 ? 0 : portNear(usual);
}
