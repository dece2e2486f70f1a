import { once } from "node:events";
import { createServer } from "node:http";
import type { Logger } from "pino";
import { createProjectKeys } from "./auth/keys.ts";
import { createTokenVerifier } from "./auth/verify-token.ts";
import { openDatabase } from "./database/database.ts";
import { createRequestListener } from "./http/request-listener.ts";
import { startRealtime } from "./realtime/start-realtime.ts";
import { SchemaCache } from "./rest/schema-cache.ts";
import { watchSchema } from "./rest/watch-schema.ts";
import { ObjectFiles } from "./storage/object-files.ts";

export type SupabaseOptions = {
  /** A database prepared by `prepareDatabase`; the URL must log in as its owner. */
  readonly databaseUrl: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly jwtSecret: string;
  /** Directory in which Storage keeps the files. */
  readonly storageDir: string;
  readonly log: Logger;
};

export type RunningSupabase = {
  readonly url: string;
  readonly anonKey: string;
  readonly serviceKey: string;
  stop(): Promise<void>;
};

/** Serves a database as a hosted project does: REST, Realtime and Storage on one port. */
export async function startSupabase(options: SupabaseOptions): Promise<RunningSupabase> {
  const { databaseUrl, jwtSecret, log } = options;
  const database = openDatabase({ databaseUrl, log });
  const verify = createTokenVerifier(jwtSecret);
  const schema = new SchemaCache(database.owner);
  const watch = await watchSchema({
    databaseUrl,
    log,
    onChange: () => {
      schema.invalidate();
      database.discardStatements();
    },
  });
  const realtime = await startRealtime({ database, verify, log });
  const services = {
    database,
    verify,
    schema,
    topics: realtime.topics,
    owner: database.owner,
    files: new ObjectFiles(options.storageDir),
    jwtSecret,
    log,
  };
  const server = createServer(createRequestListener(services));
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    realtime.upgrade(request, socket, head).catch((error: unknown) => {
      log.error({ err: error }, "upgrade failed");
      socket.destroy();
    });
  });
  server.keepAliveTimeout = 75_000;
  const stopServices = async () => {
    await realtime.stop();
    await watch.stop();
    await database.close();
  };
  try {
    server.listen(options.port, "127.0.0.1");
    await once(server, "listening");
  } catch (error) {
    await stopServices();
    throw error;
  }
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : options.port;
  const keys = await createProjectKeys(jwtSecret);
  return {
    url: `http://127.0.0.1:${port}`,
    ...keys,
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      await realtime.stop();
      const forced = setTimeout(() => server.closeAllConnections(), 2_000);
      await closed;
      clearTimeout(forced);
      await watch.stop();
      await database.close();
    },
  };
}
