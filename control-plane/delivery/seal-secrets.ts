import { unwrap } from "../database/unwrap.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { describeError, logEvent } from "../http/log.ts";
import type { WebhookSecrets } from "./webhook-secrets.ts";

/** Of one run of the cron; the next run goes on. */
const maxEndpoints = 200;

/** Stores a secret encrypted that came by plain SQL, or was encrypted with the old key. */
export async function sealSecret(
  database: DatabaseClient,
  secrets: WebhookSecrets,
  endpoint: { id: string; tenantId: string; stored: string; plain: string },
): Promise<void> {
  try {
    await unwrap(
      database.rpc("seal_webhook_secret", {
        endpoint_id: endpoint.id,
        secret: endpoint.stored,
        sealed: await secrets.seal(endpoint.tenantId, endpoint.plain),
      }),
    );
  } catch (error) {
    // The delivery itself needs no sealed form; the cron tries again.
    logEvent("warn", "seal_secret_failed", { endpoint_id: endpoint.id, ...describeError(error) });
  }
}

/** Does so for endpoints to which nothing was delivered yet. */
export async function sealStaleSecrets(
  database: DatabaseClient,
  secrets: WebhookSecrets,
): Promise<void> {
  try {
    const endpoints = await unwrap(
      database.rpc("stale_webhook_secrets", {
        current_prefix: secrets.hasOldKey ? await secrets.currentPrefix() : "sealed:",
        max_endpoints: maxEndpoints,
      }),
    );
    for (const { id, tenant_id: tenantId, secret: stored } of endpoints) {
      const plain = await secrets.open({ tenantId, stored });
      if (plain !== undefined) await sealSecret(database, secrets, { id, tenantId, stored, plain });
    }
  } catch (error) {
    logEvent("warn", "seal_secrets_failed", describeError(error));
  }
}
