/**
 * A new API key, and the SQL statement that creates its tenant. JavaScript, not TypeScript, because
 * `node generate-api-key.js` must run on any Node 20.
 */
import { randomInt } from "node:crypto";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** What a tenant id may look like: the check of the table `tenants`. */
export const tenantIdForm = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/**
 * A key of the network: `sk_live_` (WhatsApp) or `sk_test_` (sandbox) and 32 random characters.
 * @param {"live" | "sandbox"} network
 * @returns {string}
 */
export function makeApiKey(network) {
  const random = Array.from({ length: 32 }, () => alphabet.charAt(randomInt(alphabet.length)));
  return `sk_${network === "sandbox" ? "test" : "live"}_${random.join("")}`;
}

/**
 * The INSERT that creates a tenant with its first key. A trigger of the table stores the hash of
 * the key and blanks the column.
 * @param {{ tenantId: string, name: string, apiKey: string, webhookUrl?: string | undefined,
 *   rateLimitPerMinute: number }} tenant
 * @returns {string}
 */
export function tenantSql({ tenantId, name, apiKey, webhookUrl, rateLimitPerMinute }) {
  const webhook = webhookUrl === undefined ? "NULL" : quote(webhookUrl);
  return `INSERT INTO tenants (tenant_id, name, api_key, webhook_url, rate_limit_per_minute)
VALUES (
  ${quote(tenantId)},
  ${quote(name)},
  ${quote(apiKey)},
  ${webhook},
  ${rateLimitPerMinute}  -- requests per minute
);`;
}

/**
 * A string literal of standard SQL.
 * @param {string} text
 * @returns {string}
 */
function quote(text) {
  return `'${text.replaceAll("'", "''")}'`;
}
