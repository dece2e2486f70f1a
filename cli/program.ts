import { Command, CommanderError } from "commander";
import { registerCompletion } from "./commands/completion.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { registerEvents } from "./commands/events.ts";
import { registerListen } from "./commands/listen.ts";
import { registerLogin } from "./commands/login.ts";
import { registerPair } from "./commands/pair.ts";
import { registerPhones } from "./commands/phones.ts";
import { registerSend } from "./commands/send.ts";
import { registerSessions } from "./commands/sessions.ts";
import { registerTail } from "./commands/tail.ts";
import { registerTrigger } from "./commands/trigger.ts";
import type { Io } from "./context.ts";
import { exitCodes } from "./output/exit-codes.ts";
import { errorJson, exitCodeOf, messageOf } from "./output/failure.ts";
import { version } from "./version.ts";

const registrations = [
  registerLogin,
  registerSessions,
  registerPair,
  registerSend,
  registerTail,
  registerListen,
  registerTrigger,
  registerEvents,
  registerPhones,
  registerDoctor,
  registerCompletion,
];

const footer = `
URL and key come from WHATSAPP_URL and WHATSAPP_KEY, else from wm login.
Exit codes: 0 done, 1 failed, 2 wrong command line, 3 no or no valid key, 4 not found,
5 refused, 6 unreachable or unavailable, 130 interrupted.`;

/** Runs one command line; gives the exit code. Never rejects. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const program = createProgram(io);
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCodes.done;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    }
    if (io.signal.aborted) return exitCodes.interrupted;
    const isJson = args.includes("--json");
    io.stderr(isJson ? `${JSON.stringify(errorJson(error))}\n` : `wm: ${messageOf(error)}\n`);
    return exitCodeOf(error);
  }
}

function createProgram(io: Io): Command {
  const program = new Command("wm")
    .description("The WhatsApp Microservice from a terminal.")
    .version(version)
    .addHelpText("after", footer)
    // Inherited by the subcommands, which are therefore added after it.
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout(text), writeErr: (text) => io.stderr(text) })
    .showHelpAfterError("(wm --help lists the commands)");
  for (const register of registrations) register(program, io);
  return program;
}
