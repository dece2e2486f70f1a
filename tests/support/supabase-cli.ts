import { execFile } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";

const run = promisify(execFile);
const supabaseDir = fileURLToPath(new URL("../../supabase/", import.meta.url));

/** The binary of the Supabase CLI, or undefined if npm installed none for this platform. */
export function findSupabaseCli(): string | undefined {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const resolve = createRequire(createRequire(import.meta.url).resolve("supabase/package.json"));
  for (const suffix of ["", "-musl"]) {
    try {
      const manifest = resolve.resolve(
        `@supabase/cli-${system}-${process.arch}${suffix}/package.json`,
      );
      return join(dirname(manifest), "bin", system === "windows" ? "supabase.exe" : "supabase");
    } catch {
      // Not the package for this platform.
    }
  }
  return undefined;
}

/** Runs a command of the Supabase CLI on a copy of supabase/. Returns what it printed. */
export async function runSupabaseCli(args: readonly string[]): Promise<string> {
  const binary = findSupabaseCli();
  if (binary === undefined) throw new Error("The Supabase CLI is not installed. Run npm ci.");
  const directory = await mkdtemp(join(tmpdir(), "supabase-cli-test-"));
  try {
    for (const name of ["config.toml", "migrations"]) {
      await cp(join(supabaseDir, name), join(directory, "supabase", name), { recursive: true });
    }
    const { stdout, stderr } = await run(binary, [...args, "--workdir", directory], {
      // The CLI stores its settings in the home directory and sends telemetry by default.
      env: { PATH: process.env["PATH"], HOME: directory, SUPABASE_TELEMETRY_DISABLED: "1" },
    });
    return stdout + stderr;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
