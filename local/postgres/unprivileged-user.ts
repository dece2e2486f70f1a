import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { isReachable } from "./reachable.ts";

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

export type Launch = {
  readonly command: string;
  readonly args: readonly string[];
  readonly options: Partial<UserIds>;
};

/**
 * How to run a program as that user. Where a folder on the way (root's home, mostly) lets only root
 * pass, the program keeps the right to pass it: `setpriv` hands on one capability.
 */
export async function launchAs(
  user: UserIds | undefined,
  program: { command: string; args: readonly string[]; paths: readonly string[] },
): Promise<Launch> {
  const { command, args, paths } = program;
  if (!user) return { command, args, options: {} };
  const reachable = await Promise.all(paths.map((path) => isReachable(dirname(path))));
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
