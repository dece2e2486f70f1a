import { foreignKeyViolation, unwrap, unwrapFirst } from "../database/unwrap.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { invalidField } from "../http/validation.ts";
import { withoutUndefined } from "../http/without-undefined.ts";
import type { Services } from "../services.ts";
import { checkWebhookUrl } from "./check-webhook-url.ts";
import { rejectTooManyEndpoints } from "./endpoint-quota.ts";
import {
  type EndpointChanges,
  type EndpointSettings,
  makeSecret,
  type Rotation,
} from "./endpoint-settings.ts";
import { endpointNotFound, findEndpoint } from "./find.ts";
import { type Endpoint, endpointColumns } from "./resource.ts";

interface EndpointName {
  tenantId: string;
  endpointId: string;
}

/** Adds an endpoint. Undefined: there is no such tenant. @throws ApiError */
export async function addEndpoint(
  { database, webhookSecrets, allowPrivateUrls }: Services,
  { tenantId, settings }: { tenantId: string; settings: EndpointSettings },
): Promise<(Endpoint & { secret: string }) | undefined> {
  checkWebhookUrl("url", settings.url, allowPrivateUrls);
  const secret = settings.secret ?? makeSecret();
  const answer = await database
    .from("webhook_endpoints")
    .insert({
      tenant_id: tenantId,
      url: settings.url,
      secret: await webhookSecrets.seal(tenantId, secret),
      events: settings.events ?? null,
    })
    .select(endpointColumns);
  rejectTooManyEndpoints(answer.error);
  if (answer.error?.code === foreignKeyViolation) return undefined;
  const added = await unwrapFirst(answer);
  if (added === undefined) throw new Error("The insert returned no endpoint");
  return { ...added, secret };
}

/** Changes an endpoint. @throws ApiError */
export async function updateEndpoint(
  { database, allowPrivateUrls }: Services,
  { changes, ...name }: EndpointName & { changes: EndpointChanges },
): Promise<Endpoint> {
  const given = withoutUndefined(changes);
  if (Object.keys(given).length === 0)
    throw invalidField("", "Send at least one setting to change");
  checkWebhookUrl("url", given.url, allowPrivateUrls);
  const { is_default } = await findEndpoint(database, name);
  if (is_default && given.url !== undefined) await setDefaultUrl(database, name, given.url);
  const changed = await unwrapFirst(
    database
      .from("webhook_endpoints")
      .update(given)
      .eq("tenant_id", name.tenantId)
      .eq("id", name.endpointId)
      .select(endpointColumns),
  );
  if (changed === undefined) throw endpointNotFound();
  return changed;
}

/** Deletes an endpoint with its deliveries. @throws ApiError */
export async function removeEndpoint(database: DatabaseClient, name: EndpointName): Promise<void> {
  const { is_default } = await findEndpoint(database, name);
  if (is_default) await setDefaultUrl(database, name, null);
  else {
    await unwrap(
      database
        .from("webhook_endpoints")
        .delete()
        .eq("tenant_id", name.tenantId)
        .eq("id", name.endpointId),
    );
  }
}

/** The default endpoint follows the tenant's webhook_url: a trigger keeps them equal. */
async function setDefaultUrl(
  database: DatabaseClient,
  { tenantId }: EndpointName,
  url: string | null,
): Promise<void> {
  await unwrap(database.from("tenants").update({ webhook_url: url }).eq("tenant_id", tenantId));
}

/** Replaces the secret of an endpoint; the former one stays valid for the overlap. @throws ApiError */
export async function rotateSecret(
  { database, webhookSecrets, webhookEndpoints }: Services,
  { rotation, ...name }: EndpointName & { rotation: Rotation },
): Promise<Endpoint & { secret: string }> {
  await findEndpoint(database, name);
  const secret = rotation.secret ?? makeSecret();
  await unwrap(
    database.rpc("rotate_webhook_secret", {
      tenant_id: name.tenantId,
      endpoint_id: name.endpointId,
      sealed: await webhookSecrets.seal(name.tenantId, secret),
      overlap_seconds: Math.round(rotation.overlap_hours * 3_600),
    }),
  );
  await webhookEndpoints.reload(name.endpointId);
  const rotated = await unwrapFirst(
    database
      .from("webhook_endpoints")
      .select(endpointColumns)
      .eq("tenant_id", name.tenantId)
      .eq("id", name.endpointId),
  );
  if (rotated === undefined) throw endpointNotFound();
  return { ...rotated, secret };
}
