import type { KeyCache } from "./auth/key-cache.ts";
import type { Connectors } from "./command/connectors.ts";
import type { Config } from "./config.ts";
import type { AllowedOrigins } from "./cors/allowed-origins.ts";
import type { ConsoleSessions } from "./auth/console-sessions.ts";
import type { DatabaseClient } from "./database/connect.ts";
import type { FileLinks } from "./file/file-links.ts";
import type { FileStore } from "./file/file-store.ts";
import type { Hubs } from "./event/hubs.ts";
import type { FailureLimit } from "./limit/failure-limit.ts";
import type { PairingLinks } from "./auth/pairing-links.ts";
import type { TenantLimiters } from "./limit/tenant-limiters.ts";
import type { WebhookEndpoints } from "./delivery/webhook-endpoints.ts";
import type { WebhookSecrets } from "./delivery/webhook-secrets.ts";

/** The dependencies of the endpoints, created once per isolate by worker.ts. */
export interface Services {
  database: DatabaseClient;
  keys: KeyCache;
  failedKeys: FailureLimit;
  origins: AllowedOrigins;
  limiters: TenantLimiters;
  connectors: Connectors;
  files: FileStore;
  fileLinks: FileLinks;
  hubs: Hubs;
  webhookEndpoints: WebhookEndpoints;
  frontendProject: Config["frontendProject"];
  webhookSecrets: WebhookSecrets;
  consoleSessions: ConsoleSessions;
  pairingLinks: PairingLinks;
  /** The files of the console; undefined where the Worker was deployed without them. */
  assets: Pick<Fetcher, "fetch"> | undefined;
  /** The sandbox's phones API, in local mode. */
  phones: { url: string } | undefined;
  adminKey: string;
  allowPrivateUrls: boolean;
  maxDocumentBytes: number;
  queueDefaults: Config["queueDefaults"];
  now: () => number;
  sleep: (ms: number) => Promise<void>;
}
