import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { getRequestListener } from "@hono/node-server";
import type { Logger } from "pino";
import { WebSocketServer } from "ws";
import type { Device } from "./account/account.ts";
import { AccountRegistry } from "./account/account-registry.ts";
import { defaultNetworkBehaviour, type NetworkBehaviour } from "./account/behaviour.ts";
import { Faults } from "./fault/faults.ts";
import { createApp } from "./http/app.ts";
import { handleLogin } from "./login/handle-login.ts";
import { handleMediaRequest } from "./media/handle-request.ts";
import { MediaStore } from "./media/media-store.ts";
import { UploadTokens } from "./media/upload-tokens.ts";
import type { Network } from "./network.ts";
import { Phones } from "./phone/phones.ts";
import { isLoopbackHost } from "../shared/loopback-host.ts";
import { keepSignalSessionsIntact } from "../shared/intact-signal-sessions.ts";
import { silenceLibsignal } from "../shared/silence-libsignal.ts";
import { handleRegistration } from "./registration/handle-registration.ts";
import { type QrLifetime, Registrations } from "./registration/registrations.ts";
import { loadServerKeys, loadSetting, saveSetting } from "./store/settings.ts";
import { Store } from "./store/store.ts";
import { type Certificate, createAuthority, createServerCertificate } from "./tls/certificate.ts";
import { listenOnSharedPort } from "./tls/shared-port.ts";
import { certificateChain } from "./wire/certificate.ts";
import { Connection } from "./wire/connection.ts";

export interface SandboxOptions {
  /** 0 picks a free port. */
  port: number;
  host?: string;
  /** Host name or address at which clients reach the media server. Default: as `host`. */
  mediaHost?: string | undefined;
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
  /** Base URL of the media server, and of the phones API over HTTPS. */
  mediaUrl: string;
  /** The certificate, as PEM, that clients must trust to use the media server. */
  caCertificate: string;
  /** The same in a file, for NODE_EXTRA_CA_CERTS. */
  caCertificateFile: string;
  /** Closes all sockets, commits pending writes, frees the port. */
  stop: () => Promise<void>;
}

const webSocketPath = "/ws/chat";
const maxFrameBytes = 1 << 23;
const purgeIntervalMs = 3_600_000;

/**
 * Starts a WhatsApp network in this process: the server, the simulated phones and the phones API.
 * Rejects if the port is in use (`EADDRINUSE`).
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  silenceLibsignal();
  keepSignalSessionsIntact();
  const { log, host = "127.0.0.1", now = Date.now } = options;
  const qrLifetime = options.qrLifetime ?? { firstMs: 60_000, nextMs: 20_000 };
  const directory = options.dataDir ?? mkdtempSync(join(tmpdir(), "sandbox-"));
  mkdirSync(directory, { recursive: true });
  const store = new Store(options.dataDir ? join(options.dataDir, "network.sqlite") : ":memory:");
  const keys = loadServerKeys(store);
  const authority = loadMediaAuthority(store, now());
  const caCertificateFile = resolve(directory, "ca.pem");
  writeFileSync(caCertificateFile, authority.cert);
  const mediaHost = options.mediaHost ?? (isWildcard(host) ? "127.0.0.1" : host);
  const media = {
    files: new MediaStore(store, join(directory, "media"), now),
    tokens: new UploadTokens(now),
    // Set when the port is known.
    host: "",
    caCertificate: authority.cert,
  };
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
    media,
  };
  const registrations = new Registrations(qrLifetime, now);
  const phones = new Phones(network);
  phones.start();

  const listener = getRequestListener(
    createApp({
      network,
      registrations,
      phones,
      loopbackHostsOnly: isLoopbackHost(bracketed(host)),
    }).fetch,
  );
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    if (!handleMediaRequest(network, request, response)) void listener(request, response);
  };
  const hosts = [mediaHost, "127.0.0.1", "localhost"];
  const servers = {
    http: createServer(onRequest),
    https: createHttpsServer(createServerCertificate(authority, { hosts, now: now() }), onRequest),
  };
  const listening = await listenOnSharedPort(servers, { port: options.port, host });
  media.host = `${bracketed(mediaHost)}:${listening.port}`;
  const sockets = new WebSocketServer({
    noServer: true,
    path: webSocketPath,
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
  });
  for (const server of [servers.http, servers.https]) {
    server.on("upgrade", (request, socket, head) => {
      sockets.handleUpgrade(request, socket, head, (client) => sockets.emit("connection", client));
    });
  }
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
  const purge = () => {
    media.files
      .purge()
      .catch((error: unknown) => log.error({ err: error }, "old media was not deleted"));
  };
  purge();
  const purgeTimer = setInterval(purge, purgeIntervalMs).unref();
  const stop = async () => {
    clearInterval(purgeTimer);
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    await listening.close();
    phones.close();
    store.close();
    if (!options.dataDir) rmSync(directory, { recursive: true, force: true });
  };
  const address = `${bracketed(host)}:${listening.port}`;
  return {
    url: `http://${address}`,
    webSocketUrl: `ws://${address}${webSocketPath}`,
    rootKey: Buffer.from(keys.root.public).toString("hex"),
    mediaUrl: `https://${media.host}`,
    caCertificate: authority.cert,
    caCertificateFile,
    stop,
  };
}

/** The authority that issues the media server's certificate: created at the first start. */
function loadMediaAuthority(store: Store, now: number): Certificate {
  const stored = loadSetting<Certificate>(store, "media-authority");
  if (stored) return stored;
  const authority = createAuthority(now);
  saveSetting(store, "media-authority", authority);
  return authority;
}

function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** An IPv6 address as URLs write it. */
function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}
