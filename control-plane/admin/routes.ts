import { changeTenant } from "./change-tenant.ts";
import { changeWebhook } from "./change-webhook.ts";
import { createKey } from "./create-key.ts";
import { createTenant } from "./create-tenant.ts";
import { createWebhook } from "./create-webhook.ts";
import { deleteTenant } from "./delete-tenant.ts";
import { deleteWebhook } from "./delete-webhook.ts";
import { getTenant } from "./get-tenant.ts";
import { listKeys } from "./list-keys.ts";
import { listTenants } from "./list-tenants.ts";
import { listWebhooks } from "./list-webhooks.ts";
import { suspendTenant } from "./suspend-tenant.ts";
import { revokeKey } from "./revoke-key.ts";
import { rotateKey } from "./rotate-key.ts";
import { rotateWebhookSecret } from "./rotate-webhook-secret.ts";

export const adminRoutes = [
  createTenant,
  listTenants,
  getTenant,
  changeTenant,
  suspendTenant,
  deleteTenant,
  createKey,
  listKeys,
  rotateKey,
  revokeKey,
  createWebhook,
  listWebhooks,
  changeWebhook,
  deleteWebhook,
  rotateWebhookSecret,
];
