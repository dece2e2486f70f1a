import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { CliError } from "../output/failure.ts";

/** What `wm login` stores. */
export interface Config {
  url?: string;
  key?: string;
  sandbox_url?: string;
  /** The secret that `wm listen` signs with, the same in each run. */
  listen_secret?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** `wm/config.json` in the user's configuration directory. */
export function configPath(env: Environment): string {
  const base =
    filled(env["WM_CONFIG_HOME"]) ??
    filled(env["XDG_CONFIG_HOME"]) ??
    filled(env["APPDATA"]) ??
    join(filled(env["HOME"]) ?? homedir(), ".config");
  return join(base, "wm", "config.json");
}

export async function readConfig(env: Environment): Promise<Config> {
  const path = configPath(env);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return {};
    throw new CliError(`${path} cannot be read. Make it readable, or log in again.`, 1, error);
  }
  try {
    return parseConfig(JSON.parse(text));
  } catch (error) {
    throw new CliError(`${path} is not valid. Delete it and run wm login.`, 1, error);
  }
}

/** Readable for the user only, from the first byte; replaced as a whole. */
export async function writeConfig(env: Environment, config: Config): Promise<string> {
  const path = configPath(env);
  const temporary = `${path}.${process.pid}.tmp`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await writeFile(temporary, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600, flag: "wx" });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return path;
}

export async function removeConfig(env: Environment): Promise<string> {
  const path = configPath(env);
  await rm(path, { force: true });
  return path;
}

/** Whether others than the user may read the file. Windows has no such bits. */
export async function isReadableByOthers(env: Environment): Promise<boolean> {
  if (process.platform === "win32") return false;
  try {
    return ((await stat(configPath(env))).mode & 0o077) !== 0;
  } catch {
    return false;
  }
}

/** A variable that is set to nothing is not set. */
export function filled(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === "" ? undefined : value.trim();
}

function parseConfig(value: unknown): Config {
  if (typeof value !== "object" || value === null) throw new Error("Not an object");
  const fields = Object.entries(value).filter(([name]) =>
    ["url", "key", "sandbox_url", "listen_secret"].includes(name),
  );
  const wrong = fields.find(([, field]) => typeof field !== "string");
  if (wrong !== undefined) throw new Error(`${wrong[0]} is not a text`);
  return Object.fromEntries(fields);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
