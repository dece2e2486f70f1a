import { mkdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import type { Logger } from "pino";
import { WebSocketServer } from "ws";
import type { Device } from "./account/account.ts";
import { AccountRegistry } from "./account/account-registry.ts";
import { defaultNetworkBehaviour, type NetworkBehaviour } from "./account/behaviour.ts";
import { Faults } from "./fault/faults.ts";
import { createApp } from "./http/app.ts";
import { handleLogin } from "./login/handle-login.ts";
import type { Network } from "./network.ts";
import { Phones } from "./phone/phones.ts";
import { silenceLibsignal } from "../shared/silence-libsignal.ts";
import { handleRegistration } from "./registration/handle-registration.ts";
import { type QrLifetime, Registrations } from "./registration/registrations.ts";
import { loadServerKeys, loadSetting } from "./store/settings.ts";
import { Store } from "./store/store.ts";
import { certificateChain } from "./wire/certificate.ts";
import { Connection } from "./wire/connection.ts";

export interface SandboxOptions {
  /** 0 picks a free port. */
  port: number;
  host?: string;
  /** Directory that keeps the network between runs; without it everything is in memory. */
  dataDir?: string | undefined;
  log: Logger;
  /** How long QR codes are valid. Default: the first 60 s, five more 20 s each, as on WhatsApp. */
  qrLifetime?: QrLifetime;
  /** Overrides the defaults; `POST /behaviour` overrides both. */
  behaviour?: Partial<NetworkBehaviour>;
  /** Unix milliseconds. */
  now?: () => number;
}

export interface Sandbox {
  /** Base URL of the phones API. */
  url: string;
  /** For the client's `waWebSocketUrl`. */
  webSocketUrl: string;
  /** The root public key of the server's certificate chain, in hex. */
  rootKey: string;
  /** Closes all sockets, commits pending writes, frees the port. */
  stop: () => Promise<void>;
}

const webSocketPath = "/ws/chat";
const maxFrameBytes = 1 << 23;

/**
 * Starts a WhatsApp network in this process: the server, the simulated phones and the phones API.
 * Rejects if the port is in use (`EADDRINUSE`).
 */
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
    accounts: new AccountRegistry(store),
    behaviour: {
      ...defaultNetworkBehaviour,
      ...options.behaviour,
      ...loadSetting<Partial<NetworkBehaviour>>(store, "behaviour"),
    },
    connections: new Map(),
    faults: new Faults(),
  };
  const registrations = new Registrations(qrLifetime, now);
  const phones = new Phones(network);
  phones.start();

  const listener = getRequestListener(createApp({ network, registrations, phones }).fetch);
  const server = createServer((request, response) => void listener(request, response));
  // Before the WebSocket server exists: it re-emits the error of a port in use, uncaught.
  const port = await listen(server, options.port, host);
  const sockets = new WebSocketServer({
    server,
    path: webSocketPath,
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
  });
  const certificate = certificateChain(keys);
  const onDeviceOnline = (device: Device) => phones.syncOnce(device);
  sockets.on("connection", (socket) => {
    const connection: Connection = new Connection({
      socket,
      certificate,
      staticKey: keys.static,
      whenCommitted: (send) => store.whenCommitted(send),
      onHandshake: (client) =>
        client.payload.devicePairingData
          ? handleRegistration({ network, registrations }, connection, client)
          : handleLogin({ network, onDeviceOnline }, connection, client),
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
    phones.close();
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
