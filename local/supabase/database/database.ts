import { Pool } from "pg";
import type { Logger } from "pino";
import { PipelinedQuery, PreparedStatements, type Row } from "./pipelined-query.ts";
import type { Statement } from "./statement.ts";

/** The caller, as row level security and SQL functions see it. */
export type Caller = {
  readonly role: string;
  /** The token's claims as JSON text. */
  readonly claims: string;
};

export type RequestContext = Caller & {
  readonly method: string;
  readonly path: string;
  readonly headers: string;
};

const settings = `select set_config('role', $1, true), set_config('request.jwt.claims', $2, true),
  set_config('request.method', $3, true), set_config('request.path', $4, true),
  set_config('request.headers', $5, true)`;
const readOnlySettings = `${settings}, set_config('transaction_read_only', 'on', true)`;

/** Access to PostgreSQL as the caller of a request, and as the owner of the database. */
export type Database = {
  readonly databaseUrl: string;
  readonly owner: Pool;
  /** Runs one statement as the caller, in its own transaction, in one round trip. */
  runAs(context: RequestContext, statement: Statement): Promise<readonly Row[]>;
  /** Discards prepared statements; call it when the schema has changed. */
  discardStatements(): void;
  close(): Promise<void>;
};

export function openDatabase(options: {
  databaseUrl: string;
  log: Logger;
  maxConnections?: number;
}): Database {
  const { databaseUrl, log, maxConnections = 40 } = options;
  const prepared = new PreparedStatements();
  const requests = new Pool({
    connectionString: databaseUrl,
    max: maxConnections,
    idleTimeoutMillis: 60_000,
    application_name: "supabase rest",
    // The authenticator can switch only to the roles granted to it, never to the owner.
    // oxlint-disable-next-line typescript/no-misused-promises -- pg-pool waits for the promise
    onConnect: (client) => client.query("set session authorization authenticator"),
  });
  const owner = new Pool({
    connectionString: databaseUrl,
    max: 6,
    idleTimeoutMillis: 60_000,
    application_name: "supabase owner",
  });
  for (const pool of [requests, owner]) {
    pool.on("error", (error) => log.warn({ err: error }, "database connection lost"));
    // A client that is leaving its pool may still report that the server stops.
    pool.on("connect", (client) => client.on("error", () => {}));
  }
  return {
    databaseUrl,
    owner,
    runAs: async (context, statement) => {
      const isRead = context.method === "GET" || context.method === "HEAD";
      const setup: Statement = {
        text: isRead ? readOnlySettings : settings,
        values: [context.role, context.claims, context.method, context.path, context.headers],
      };
      const client = await requests.connect();
      try {
        const results = await new Promise<Row[][]>((resolve, reject) => {
          client.query(
            new PipelinedQuery(
              { statements: [setup, statement], scope: context.role, prepared },
              { resolve, reject },
            ),
          );
        });
        return results[1] ?? [];
      } finally {
        client.release();
      }
    },
    discardStatements: () => prepared.discard(),
    close: async () => {
      await Promise.all([requests.end(), owner.end()]);
    },
  };
}
