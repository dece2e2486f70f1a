import { parseArgs } from "node:util";
import { makeApiKey, tenantSql } from "./tenant-sql.js";

const help = `npm run tenant -- --tenant-id ID --name NAME [options]

Creates a tenant and its first API key on a running instance, and prints both as JSON. The key is
shown this once.

  --tenant-id ID       1 to 63 letters, digits, _ or -
  --name NAME          default: the tenant id
  --url URL            of the API, default http://127.0.0.1:3000
  --admin-key KEY      of the instance; default: ADMIN_KEY of the environment
  --webhook-url URL    where events are posted
  --rate-limit N       requests per minute, default 60
  --network NETWORK    of the key: live (WhatsApp, default) or sandbox
  --sql                call nothing: print the SQL statement that does it`;

const networks = ["live", "sandbox"] as const;

interface NewTenant {
  tenantId: string;
  name: string;
  webhookUrl: string | undefined;
  rateLimitPerMinute: number;
  network: (typeof networks)[number];
}

interface Instance {
  url: string;
  adminKey: string;
}

/** A mistake of the person who typed the command, or a refusal of the instance. */
class Refused extends Error {}

function readFlags() {
  try {
    return parseArgs({
      options: {
        help: { type: "boolean", short: "h" },
        "tenant-id": { type: "string" },
        name: { type: "string" },
        url: { type: "string", default: "http://127.0.0.1:3000" },
        "admin-key": { type: "string" },
        "webhook-url": { type: "string" },
        "rate-limit": { type: "string", default: "60" },
        network: { type: "string", default: "live" },
        sql: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new Refused(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function readTenant(flags: ReturnType<typeof readFlags>): NewTenant {
  const tenantId = flags["tenant-id"];
  const network = networks.find((name) => name === flags.network);
  const rateLimitPerMinute = Number(flags["rate-limit"]);
  if (tenantId === undefined) throw new Refused("--tenant-id is missing. See --help.");
  if (network === undefined) throw new Refused("--network must be live or sandbox.");
  if (!Number.isInteger(rateLimitPerMinute) || rateLimitPerMinute < 1) {
    throw new Refused("--rate-limit must be a whole number.");
  }
  const name = flags.name ?? tenantId;
  return { tenantId, name, webhookUrl: flags["webhook-url"], rateLimitPerMinute, network };
}

/** Posts to the admin API. Throws the detail and the fields of the problem that it answers. */
async function post(instance: Instance, path: string, body: object): Promise<object> {
  const response = await fetch(new URL(path, instance.url), {
    method: "POST",
    headers: { "content-type": "application/json", "x-admin-key": instance.adminKey },
    body: JSON.stringify(body),
  }).catch((cause: unknown) => {
    throw new Refused(`${instance.url} does not answer. Is the instance running there?`, { cause });
  });
  const answer: unknown = await response.json().catch(() => null);
  if (typeof answer !== "object" || answer === null) {
    throw new Refused(`${instance.url} is not this API: it answered ${response.status}.`);
  }
  if (response.ok) return answer;
  const detail = "detail" in answer ? String(answer.detail) : `It answered ${response.status}.`;
  const errors = "errors" in answer ? `\n${JSON.stringify(answer.errors, null, 2)}` : "";
  throw new Refused(detail + errors);
}

async function createTenant(instance: Instance, tenant: NewTenant): Promise<object> {
  const created = await post(instance, "/admin/tenants", {
    tenant_id: tenant.tenantId,
    name: tenant.name,
    rate_limit_per_minute: tenant.rateLimitPerMinute,
    ...(tenant.webhookUrl === undefined ? {} : { webhook_url: tenant.webhookUrl }),
  });
  const path = `/admin/tenants/${tenant.tenantId}/keys`;
  const key = await post(instance, path, { name: "default", network: tenant.network });
  return { tenant: created, api_key: "key" in key ? key.key : null };
}

async function run(): Promise<string> {
  const flags = readFlags();
  if (flags.help === true) return help;
  const tenant = readTenant(flags);
  if (flags.sql) return tenantSql({ ...tenant, apiKey: makeApiKey(tenant.network) });
  const adminKey = flags["admin-key"] ?? process.env["ADMIN_KEY"];
  if (adminKey === undefined || adminKey === "") {
    throw new Refused(
      "There is no admin key. Set ADMIN_KEY or --admin-key; npm start prints it with --json.",
    );
  }
  return JSON.stringify(await createTenant({ url: flags.url, adminKey }, tenant), null, 2);
}

try {
  console.log(await run());
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
