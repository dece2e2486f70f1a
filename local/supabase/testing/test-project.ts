import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { SignJWT } from "jose";
import { Pool } from "pg";
import pino from "pino";
import { prepareDatabase } from "../../postgres/prepare-database.ts";
import { startPostgres } from "../../postgres/start-postgres.ts";
import { startSupabase } from "../start-supabase.ts";

export const jwtSecret = "a-secret-for-tests-of-at-least-32-characters";

export type TestProject = {
  readonly url: string;
  readonly databaseUrl: string;
  readonly storageDir: string;
  readonly anonKey: string;
  readonly serviceKey: string;
  /** Connections as the owner of the database, for fixtures. */
  readonly sql: Pool;
  readonly service: SupabaseClient;
  readonly anon: SupabaseClient;
  /** A client whose requests carry a token with role authenticated and these claims. */
  as(claims: Record<string, unknown>): Promise<SupabaseClient>;
  stop(): Promise<void>;
};

/** Starts a separate project: PostgreSQL in a temporary directory, and the server. */
export async function startTestProject(fixtures: string): Promise<TestProject> {
  const directory = await mkdtemp(join(tmpdir(), "supabase-test-"));
  const log = pino({ level: process.env["LOG_LEVEL"] ?? "silent" }, pino.destination(2));
  const postgres = await startPostgres({
    dataDir: join(directory, "postgres"),
    port: 0,
    password: "secret",
    log,
    durable: false,
  });
  const { databaseUrl } = postgres;
  await prepareDatabase(databaseUrl);
  const sql = new Pool({ connectionString: databaseUrl, max: 4 });
  // A client that is leaving its pool may still report that the server stops.
  sql.on("connect", (client) => client.on("error", () => {}));
  sql.on("error", () => {});
  await sql.query(fixtures);
  const storageDir = join(directory, "storage");
  const server = await startSupabase({
    databaseUrl,
    port: 0,
    jwtSecret,
    storageDir,
    log,
  });
  const clients: SupabaseClient[] = [];
  const connect = (key: string, token?: string) => {
    const client = createClient(server.url, key, {
      auth: { persistSession: false, autoRefreshToken: false },
      ...(token === undefined ? {} : { accessToken: async () => token }),
    });
    clients.push(client);
    return client;
  };
  return {
    ...server,
    databaseUrl,
    storageDir,
    sql,
    service: connect(server.serviceKey),
    anon: connect(server.anonKey),
    as: async (claims) => connect(server.anonKey, await signToken(claims)),
    stop: async () => {
      await Promise.all(clients.map((client) => client.realtime.disconnect()));
      await server.stop();
      await sql.end();
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export async function signToken(
  claims: Record<string, unknown>,
  secret: string = jwtSecret,
): Promise<string> {
  return new SignJWT({ role: "authenticated", ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt()
    .setExpirationTime(typeof claims["exp"] === "number" ? claims["exp"] : "1h")
    .sign(new TextEncoder().encode(secret));
}
