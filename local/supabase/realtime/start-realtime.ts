import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { WebSocketServer } from "ws";
import type { TokenVerifier } from "../auth/verify-token.ts";
import type { Database } from "../database/database.ts";
import { ChangeFeed } from "./changes/change-feed.ts";
import { serveConnection } from "./connection.ts";
import { broadcastRow, isBroadcastTable } from "./database-broadcast.ts";
import { startPurge } from "./purge.ts";
import { startChangeStream } from "./stream/change-stream.ts";
import { Topics } from "./topics.ts";

export type Realtime = {
  readonly topics: Topics;
  /** Handles the upgrade of an HTTP connection to a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  stop(): Promise<void>;
};

const maxFrameBytes = 16 * 1024 * 1024;
const goingAway = 1001;

/** Starts Realtime: channels over WebSockets that carry broadcasts and committed changes. */
export async function startRealtime(options: {
  database: Database;
  verify: TokenVerifier;
  log: Logger;
}): Promise<Realtime> {
  const { database, verify, log } = options;
  const { owner, databaseUrl } = database;
  const topics = new Topics();
  const changes = new ChangeFeed(database, log);
  const stream = await startChangeStream({
    databaseUrl,
    owner,
    log,
    onChange: (change) =>
      isBroadcastTable(change.relation) ? broadcastRow(topics, change) : changes.deliver(change),
  });
  const purge = startPurge(owner, log);
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: maxFrameBytes,
    perMessageDeflate: false,
  });
  const services = { topics, changes, owner, verify, log };
  return {
    topics,
    upgrade: async (request, socket, head) => {
      const url = new URL(request.url ?? "/", "http://localhost");
      const apiKey = url.searchParams.get("apikey") ?? String(request.headers["x-api-key"] ?? "");
      const isRealtime = url.pathname === "/realtime/v1/websocket";
      const { ok } = await verify(apiKey);
      if (!isRealtime || !ok) {
        const status = isRealtime ? "401 Unauthorized" : "404 Not Found";
        socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      const version = url.searchParams.get("vsn") === "2.0.0" ? "2.0.0" : "1.0.0";
      server.handleUpgrade(request, socket, head, (webSocket) => {
        serveConnection({ socket: webSocket, version, apiKey, services });
      });
    },
    stop: async () => {
      purge.stop();
      for (const client of server.clients) client.close(goingAway);
      server.close();
      await stream.stop();
      for (const client of server.clients) client.terminate();
    },
  };
}
