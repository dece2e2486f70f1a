import type { Command, CommandOptions } from "commander";
import { createOutput, type Output } from "./output/output.ts";

/** What a command needs of the process it runs in. */
export interface Io {
  env: Readonly<Record<string, string | undefined>>;
  stdout(text: string): void;
  stderr(text: string): void;
  /** The whole of stdin. */
  readStdin(): Promise<string>;
  /** Asks for a line that is not shown; undefined when there is nobody to ask. */
  askSecret(question: string): Promise<string | undefined>;
  hasColours: boolean;
  /** Ctrl-C. */
  signal: AbortSignal;
}

/** A subcommand with `--json`. */
export function subcommand(
  parent: Command,
  usage: string,
  description: string,
  options?: CommandOptions,
): Command {
  return parent
    .command(usage, options)
    .description(description)
    .option("--json", "print JSON: one document, or one per line for streams");
}

export function outputOf(command: Command, io: Io): Output {
  return createOutput(io, command.opts()["json"] === true);
}
