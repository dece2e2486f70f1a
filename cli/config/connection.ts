import { WhatsAppClient } from "../../client/index.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { CliError } from "../output/failure.ts";
import { filled, readConfig } from "./config.ts";

export interface Connection {
  url: string;
  key: string;
  /** The phones API of the sandbox, where there is one. */
  sandboxUrl: string | undefined;
  /** Where URL and key come from, for people. */
  source: "environment" | "config file";
}

type Environment = Readonly<Record<string, string | undefined>>;

const localSandbox = "http://127.0.0.1:3100";

/** The environment wins over what `wm login` stored. @throws CliError when neither has them */
export async function readConnection(env: Environment): Promise<Connection> {
  const config = await readConfig(env);
  const fromEnvironment = filled(env["WHATSAPP_KEY"]);
  const url = filled(env["WHATSAPP_URL"]) ?? config.url;
  const key = fromEnvironment ?? config.key;
  if (url === undefined || key === undefined) {
    throw new CliError(
      `There is no ${url === undefined ? "URL" : "key"}. Run wm login, or set WHATSAPP_URL and WHATSAPP_KEY.`,
      exitCodes.unauthorized,
    );
  }
  return {
    url,
    key,
    sandboxUrl: await readSandboxUrl(env),
    source: fromEnvironment === undefined ? "config file" : "environment",
  };
}

/** The address of local mode's sandbox when the API is on this machine and nothing else is given. */
export async function readSandboxUrl(env: Environment): Promise<string | undefined> {
  const config = await readConfig(env);
  const given = filled(env["WHATSAPP_SANDBOX_URL"]) ?? config.sandbox_url;
  if (given !== undefined) return given.replace(/\/+$/, "");
  return isLoopback(filled(env["WHATSAPP_URL"]) ?? config.url) ? localSandbox : undefined;
}

function isLoopback(url: string | undefined): boolean {
  if (url === undefined || !URL.canParse(url)) return false;
  return ["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname);
}

export function connect({ url, key }: Pick<Connection, "url" | "key">): WhatsAppClient {
  try {
    return new WhatsAppClient({ apiKey: key, baseUrl: url });
  } catch (error) {
    throw new CliError(
      `${error instanceof Error ? error.message : String(error)}. Run wm login again.`,
      exitCodes.usage,
      error,
    );
  }
}
