import { mkdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import type { Logger } from "pino";
import { WebSocketServer } from "ws";
import { Directory } from "./account/directory.ts";
import { createApp } from "./http/app.ts";
import { login } from "./login/login.ts";
import type { Network } from "./network.ts";
import { Phones } from "./phone/phones.ts";
import { silenceLibsignal } from "./phone/silence-libsignal.ts";
import { register } from "./registration/register.ts";
import { type QrLifetime, Registrations } from "./registration/registrations.ts";
import { loadServerKeys } from "./store/settings.ts";
import { Store } from "./store/store.ts";
import { certificateChain } from "./wire/certificate.ts";
import { Connection } from "./wire/connection.ts";

export interface SandboxOptions {
  /** 0 picks a free port. */
  port: number;
  host?: string;
  /** Where the network is kept between runs; without it everything is in memory. */
  dataDir?: string | undefined;
  log: Logger;
  /** How long QR codes live; WhatsApp's clients show the first for 60 s, five more for 20 s each. */
  qrLifetime?: QrLifetime;
  /** Unix milliseconds. */
  now?: () => number;
}

export interface Sandbox {
  /** The phones API. */
  url: string;
  /** What a client takes as `waWebSocketUrl`. */
  webSocketUrl: string;
  /** Hex of the public key that the server's certificates lead to. */
  rootKey: string;
  /** Closes all sockets, stores everything, frees the port. */
  stop: () => Promise<void>;
}

const webSocketPath = "/ws/chat";
const maxFrameBytes = 1 << 23;

/** Starts a whole WhatsApp network in this process: the server and the simulated phones. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  silenceLibsignal();
  const { log, host = "127.0.0.1", now = Date.now } = options;
  const qrLifetime = options.qrLifetime ?? { firstMs: 60_000, nextMs: 20_000 };
  if (options.dataDir) mkdirSync(options.dataDir, { recursive: true });
  const store = new Store(options.dataDir ? join(options.dataDir, "network.sqlite") : ":memory:");
  const keys = loadServerKeys(store);
  const network: Network = {
    store,
    log,
    directory: new Directory(store),
    registrations: new Registrations(qrLifetime, now),
    phones: new Phones(() => network),
    lines: new Map(),
  };
  network.phones.start();

  const listener = getRequestListener(createApp(network).fetch);
  const server = createServer((request, response) => void listener(request, response));
  // Before the WebSocket server, which would throw the error of a taken port where nobody catches it.
  const port = await listen(server, options.port, host);
  const sockets = new WebSocketServer({
    server,
    path: webSocketPath,
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
  });
  const certificate = certificateChain(keys);
  sockets.on("connection", (socket) => {
    const connection: Connection = new Connection({
      socket,
      certificate,
      staticKey: keys.static,
      whenCommitted: (send) => store.whenCommitted(send),
      onIntroduction: (client) =>
        client.payload.devicePairingData
          ? register(network, connection, client)
          : login(network, connection, client),
      onError: (error) => log.warn({ err: error }, "connection failed"),
    });
  });
  const stop = async () => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    server.closeAllConnections();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    network.phones.close();
    store.close();
  };
  return {
    url: `http://${host}:${port}`,
    webSocketUrl: `ws://${host}:${port}${webSocketPath}`,
    rootKey: Buffer.from(keys.root.public).toString("hex"),
    stop,
  };
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return typeof address === "object" && address ? address.port : port;
}
