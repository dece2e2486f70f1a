import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { isReachableByAnyUser } from "./reachable-by-any-user.ts";

const run = promisify(execFile);

export type UserIds = { readonly uid: number; readonly gid: number };

/**
 * Returns the system user `postgres`, created if missing, when this process runs as root, because
 * PostgreSQL refuses to run as root. Otherwise returns undefined: the server runs as this user.
 */
export async function unprivilegedUser(): Promise<UserIds | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const known = await lookUp();
  if (known) return known;
  await run("groupadd", ["-f", "postgres"]);
  await run("useradd", ["-g", "postgres", "-M", "-s", "/bin/false", "postgres"]);
  const created = await lookUp();
  if (!created)
    throw new Error("Cannot create the system user postgres. Run as a user other than root.");
  return created;
}

export type Launch = {
  readonly command: string;
  readonly args: readonly string[];
  readonly options: Partial<UserIds>;
};

/**
 * Returns how to run a program as that user. If only root may enter one of the folders (usually
 * root's home), `setpriv` lets the program keep the capability to bypass file permissions.
 */
export async function launchAs(
  user: UserIds | undefined,
  program: { command: string; args: readonly string[]; paths: readonly string[] },
): Promise<Launch> {
  const { command, args, paths } = program;
  if (!user) return { command, args, options: {} };
  const reachable = await Promise.all(paths.map((path) => isReachableByAnyUser(dirname(path))));
  if (reachable.every(Boolean)) return { command, args, options: user };
  const flags = [
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    "--clear-groups",
    "--inh-caps=-all,+dac_override",
    "--ambient-caps=-all,+dac_override",
    "--",
  ];
  return { command: "setpriv", args: [...flags, command, ...args], options: {} };
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
