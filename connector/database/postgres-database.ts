import {
  DatabaseError as ServerError,
  Pool,
  type PoolClient,
  type PoolConfig,
  type QueryConfig,
  TypeOverrides,
} from "pg";
import type { Log } from "../log/log.ts";
import { untilAborted } from "../wait/until-aborted.ts";
import { withTimeout } from "../wait/with-timeout.ts";
import {
  type Arguments,
  type CallOptions,
  type ConnectorFunction,
  connectorFunctions,
  type Database,
  DatabaseError,
  defaultTimeoutMs,
  type Result,
} from "./database.ts";

const connectTimeoutMs = 5000;
const idleTimeoutMs = 60_000;
/** The server stops a statement before its caller gives up, so that it cannot commit afterwards. */
const statementTimeoutMs = 8000;
const int8Oid = 20;

/**
 * PostgreSQL over connections of its own. Lease calls have a connection to themselves: a renewal
 * never waits behind other work.
 */
export function connectPostgres({
  url,
  maxConnections,
  log,
}: {
  url: string;
  maxConnections: number;
  log: Log;
}): Database {
  const open = (max: number) => {
    const pool = new Pool({ ...settings(url), max });
    const onError = (error: Error) =>
      log.debug({ event: "database_connection_lost", err: error }, "a database connection ended");
    pool.on("error", onError); // An idle connection.
    pool.on("connect", (client) => client.on("error", onError)); // One in use: its call fails too.
    return pool;
  };
  const leasePool = open(1);
  const pool = open(maxConnections);

  return {
    async call<Name extends ConnectorFunction>(
      name: Name,
      args: Arguments<Name>,
      { timeoutMs = defaultTimeoutMs, signal }: CallOptions = {},
    ): Promise<Result<Name>> {
      const chosen = leaseFunctions.has(name) ? leasePool : pool;
      try {
        const statement = callStatement(name, { ...args });
        return resultOf(name, await queryWithin(chosen, statement, { timeoutMs, signal }));
      } catch (error) {
        signal?.throwIfAborted();
        throw asDatabaseError(error);
      }
    },
    async close() {
      await Promise.all([leasePool.end(), pool.end()]);
    },
  };
}

const leaseFunctions = new Set<ConnectorFunction>([
  "register_connector",
  "renew_lease",
  "deregister_connector",
]);

function settings(url: string): PoolConfig {
  const types = new TypeOverrides();
  // Epochs and counts; none comes near 2^53.
  types.setTypeParser(int8Oid, Number);
  return {
    connectionString: url,
    types,
    application_name: "whatsapp connector",
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: idleTimeoutMs,
    statement_timeout: statementTimeoutMs,
    keepAlive: true,
  };
}

type Rows = Record<string, unknown>[];

/**
 * The deadline and the signal cover the wait for a connection too. A connection whose answer nobody
 * waits for any more is closed.
 */
async function queryWithin(
  pool: Pool,
  statement: QueryConfig,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined },
): Promise<Rows> {
  signal?.throwIfAborted();
  const deadline = performance.now() + timeoutMs;
  const client = await connect(pool, { timeoutMs, signal });
  try {
    const remainingMs = Math.max(1, deadline - performance.now());
    const timed = { ...statement, query_timeout: remainingMs };
    const { rows } = await untilAborted(client.query<Rows[number]>(timed), signal);
    client.release();
    return rows;
  } catch (error) {
    client.release(!(error instanceof ServerError));
    throw error;
  }
}

async function connect(
  pool: Pool,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined },
): Promise<PoolClient> {
  const connecting = pool.connect();
  try {
    const client = await untilAborted(withTimeout(connecting, timeoutMs), signal);
    if (client !== undefined) return client;
    throw new Error(`no connection within ${timeoutMs} ms`);
  } catch (error) {
    connecting.then(
      (late) => late.release(),
      () => undefined, // The caller has its error already.
    );
    throw error;
  }
}

/** A call with named arguments, prepared once on each connection. */
function callStatement(name: ConnectorFunction, args: Record<string, unknown>): QueryConfig {
  const names = Object.keys(args);
  const list = names.map((argument, index) => `${argument} => $${index + 1}`).join(", ");
  const call = `public.${name}(${list})`;
  const text =
    connectorFunctions[name] === "rows" ? `select * from ${call}` : `select ${call} as value`;
  return { name, text, values: Object.values(args) };
}

/** The schema's types vouch for the shape: shared/database.ts is checked against the migrations. */
function resultOf<Name extends ConnectorFunction>(name: Name, rows: Rows): Result<Name> {
  const result = connectorFunctions[name] === "rows" ? rows : rows[0]?.["value"];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return result as Result<Name>;
}

function asDatabaseError(error: unknown): DatabaseError {
  if (error instanceof ServerError) {
    return new DatabaseError(error.message, { code: error.code ?? "", cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new DatabaseError(`The database did not answer: ${message}`, { code: "", cause: error });
}
