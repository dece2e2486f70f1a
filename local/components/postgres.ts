import { join } from "node:path";
import { startPostgres } from "../postgres/start-postgres.ts";
import type { RunningProcess } from "../processes/child-process.ts";
import { type SupervisedProcess, superviseProcess } from "../processes/supervised-process.ts";
import { choosePort, type StartContext } from "./start-component.ts";

const usualPort = 54_322;

export interface PostgresReady {
  databaseUrl: string;
  port: number;
}

/** Starts PostgreSQL, and starts it again on the same port when the whole server has died. */
export async function startDatabase(
  context: StartContext,
): Promise<SupervisedProcess<PostgresReady>> {
  const supervised = await superviseProcess<PostgresReady>({
    start: async (previous) => runPostgres(context, previous),
    onCrash: () => context.report("PostgreSQL exited unexpectedly; restarting it"),
  });
  context.report("PostgreSQL ready");
  return context.stopOnShutdown("PostgreSQL", supervised);
}

async function runPostgres(
  context: StartContext,
  previous: PostgresReady | undefined,
): Promise<RunningProcess<PostgresReady>> {
  const { options, dataDir, secrets, log } = context;
  const server = await startPostgres({
    dataDir: join(dataDir, "postgres"),
    port: previous?.port ?? (await choosePort(options, usualPort)),
    durable: !options.memory,
    password: secrets.databasePassword,
    log,
  });
  if (previous !== undefined) context.report("PostgreSQL ready again");
  return {
    ready: { databaseUrl: server.databaseUrl, port: server.port },
    exited: server.exited,
    stop: () => server.stop(),
    async kill() {
      server.kill("SIGKILL");
      await server.exited;
    },
    // Open connections are served by other processes and go on.
    pause: () => server.kill("SIGSTOP"),
    resume: () => server.kill("SIGCONT"),
  };
}
