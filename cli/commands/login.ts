import type { Command } from "commander";
import { type Io, outputOf, subcommand } from "../context.ts";
import { filled, readConfig, removeConfig, writeConfig } from "../config/config.ts";
import { connect } from "../config/connection.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { CliError } from "../output/failure.ts";

interface Options {
  url?: string;
  key?: string;
  sandboxUrl?: string;
}

export function registerLogin(program: Command, io: Io): void {
  const login = subcommand(program, "login", "store the URL of the API and a key, after a check")
    .option("--url <url>", "the URL of the API (or WHATSAPP_URL)")
    .option("--key <key>", "the key; better leave it out and be asked, or pipe it to stdin")
    .option("--sandbox-url <url>", "the URL of the sandbox's phones, for wm phones")
    .action(async (options: Options) => {
      const output = outputOf(login, io);
      const stored = await readConfig(io.env);
      const url = filled(options.url) ?? filled(io.env["WHATSAPP_URL"]) ?? stored.url;
      if (url === undefined) {
        throw new CliError("Which API? Add --url https://api.example.com.", exitCodes.usage);
      }
      const key = await readKey(options, io);
      const { data } = await connect({ url, key }).listSessions(
        { limit: 1 },
        { maxRetries: 1, timeoutMs: 15_000, signal: io.signal },
      );
      const path = await writeConfig(io.env, {
        ...stored,
        url,
        key,
        ...(options.sandboxUrl === undefined ? {} : { sandbox_url: options.sandboxUrl }),
      });
      const sessions = data.length === 0 ? "It has no session yet: wm pair main" : "wm sessions";
      output.result({ url, config: path }, [
        `Logged in to ${url}. The key is in ${path}.`,
        sessions,
      ]);
    });

  const logout = subcommand(program, "logout", "remove what wm login stored").action(async () => {
    const path = await removeConfig(io.env);
    outputOf(logout, io).result({ config: path }, `Removed ${path}.`);
  });
}

async function readKey(options: Options, io: Io): Promise<string> {
  const key =
    filled(options.key) ??
    filled(io.env["WHATSAPP_KEY"]) ??
    filled(await io.askSecret("Key (sk_live_... or sk_test_...): ")) ??
    filled(await io.readStdin());
  if (key !== undefined) return key;
  throw new CliError("There is no key. Add --key, or pipe it to stdin.", exitCodes.usage);
}
