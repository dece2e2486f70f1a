import { env } from "cloudflare:workers";
import { createApp } from "./app.ts";
import { KeyCache } from "./auth/key-cache.ts";
import { Connectors } from "./command/connectors.ts";
import { CommandClient } from "./command/command-client.ts";
import { AllowedOrigins } from "./cors/allowed-origins.ts";
import { parseConfig } from "./config.ts";
import { ConsoleSessions } from "./auth/console-sessions.ts";
import { connectDatabase } from "./database/connect.ts";
import { Hubs } from "./event/hubs.ts";
import { FailureLimit } from "./limit/failure-limit.ts";
import { TenantLimiters } from "./limit/tenant-limiters.ts";
import { createFileLinks } from "./file/create-file-links.ts";
import { ConnectorFiles } from "./file/connector-files.ts";
import { SupabaseFiles } from "./file/supabase-files.ts";
import { sleep } from "./http/sleep.ts";
import { PairingLinks } from "./auth/pairing-links.ts";
import { purgeExpired } from "./retention/purge-expired.ts";
import { sealStaleSecrets } from "./delivery/seal-secrets.ts";
import { WebhookEndpoints } from "./delivery/webhook-endpoints.ts";
import { WebhookSecrets } from "./delivery/webhook-secrets.ts";

export { EventHub } from "./event/event-hub.ts";
export { TenantLimiter } from "./limit/tenant-limiter.ts";
export { WebhookEndpoint } from "./delivery/webhook-endpoint.ts";

const config = parseConfig(env);
const clock = { now: () => Date.now(), sleep };
const database = connectDatabase({ url: config.supabaseUrl, key: config.supabaseKey });
const commandClient = new CommandClient(config.commandPrivateKey, fetch);
const hubs = new Hubs(env.EVENT_HUB, config.eventHubShards);
const webhookSecrets = new WebhookSecrets(config.webhookSecretKeys);
const app = createApp({
  ...clock,
  database,
  hubs,
  keys: new KeyCache(clock.now),
  failedKeys: new FailureLimit(clock.now),
  origins: new AllowedOrigins({ database, now: clock.now }),
  limiters: new TenantLimiters(env.TENANT_LIMITER),
  connectors: new Connectors({
    database,
    clock,
    client: commandClient,
  }),
  files:
    config.storageMode === "local"
      ? new ConnectorFiles({ client: commandClient, database, now: clock.now })
      : new SupabaseFiles({ url: config.supabaseUrl, key: config.supabaseKey, fetch }),
  fileLinks: createFileLinks(config),
  webhookEndpoints: new WebhookEndpoints(env.WEBHOOK_ENDPOINT),
  frontendProject: config.frontendProject,
  webhookSecrets,
  consoleSessions: new ConsoleSessions({ secret: config.commandPrivateKey, now: clock.now }),
  pairingLinks: new PairingLinks({
    secret: config.commandPrivateKey,
    publicUrl: config.publicUrl,
    now: clock.now,
  }),
  assets: env.ASSETS,
  phones: config.sandboxUrl === undefined ? undefined : { url: config.sandboxUrl },
  adminKey: config.adminKey,
  allowPrivateUrls: config.allowPrivateUrls,
  maxDocumentBytes: config.maxDocumentBytes,
  queueDefaults: config.queueDefaults,
});

export default {
  fetch(request, bindings, context) {
    if (!hubs.wasSwept) context.waitUntil(hubs.sweep());
    return app.fetch(request, bindings, context);
  },
  async scheduled() {
    await Promise.all([
      hubs.sweep(),
      purgeExpired(database, clock),
      sealStaleSecrets(database, webhookSecrets),
    ]);
  },
} satisfies ExportedHandler<Cloudflare.Env>;
