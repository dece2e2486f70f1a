import type { EndpointProgress } from "../../shared/database.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { sealSecret } from "./seal-secrets.ts";
import type { WebhookSecrets } from "./webhook-secrets.ts";

/** The secrets that sign deliveries: the present one, and during an overlap the one before it. */
export type OpenedProgress = Omit<EndpointProgress, "secret" | "former_secret"> & {
  secrets: readonly string[];
};

/** Decrypts the secrets of an endpoint, and stores encrypted what came by plain SQL. */
export async function openSecrets<Progress extends EndpointProgress>(
  { secret, former_secret, ...progress }: Progress,
  deps: { secrets: WebhookSecrets; database: DatabaseClient; endpointId: string },
): Promise<Omit<Progress, "secret" | "former_secret"> & { secrets: readonly string[] }> {
  const tenantId = progress.tenant_id;
  const opened: string[] = [];
  for (const stored of former_secret === null ? [secret] : [secret, former_secret]) {
    const plain = await deps.secrets.open({ tenantId, stored });
    if (plain === undefined) continue;
    opened.push(plain);
    if (!(await deps.secrets.isStale(stored))) continue;
    await sealSecret(deps.database, deps.secrets, {
      id: deps.endpointId,
      tenantId,
      stored,
      plain,
    });
  }
  return { ...progress, secrets: opened };
}
