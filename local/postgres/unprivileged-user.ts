import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export type UserIds = { readonly uid: number; readonly gid: number };

/**
 * PostgreSQL refuses to run as root. When we are root, this is the system user `postgres`
 * (created when absent); otherwise undefined: the server runs as ourselves.
 */
export async function unprivilegedUser(): Promise<UserIds | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const known = await lookUp();
  if (known) return known;
  await run("groupadd", ["-f", "postgres"]);
  await run("useradd", ["-g", "postgres", "-M", "-s", "/bin/false", "postgres"]);
  const created = await lookUp();
  if (!created) throw new Error("Could not create the system user postgres; run as another user.");
  return created;
}

async function lookUp(): Promise<UserIds | undefined> {
  try {
    const [uid, gid] = await Promise.all([
      run("id", ["-u", "postgres"]),
      run("id", ["-g", "postgres"]),
    ]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}
