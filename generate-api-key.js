import { parseArgs } from "node:util";
import { makeApiKey, tenantIdForm, tenantSql } from "./scripts/tenant-sql.js";

const help = `node generate-api-key.js [options], or npm run api-key -- [options]

Prints a new API key and the SQL statement that creates a tenant with it. The whole output is SQL:
paste it into the SQL editor, or pipe it to psql.

  --tenant-id ID       default my_saas
  --name NAME          default "My SaaS Application"
  --webhook-url URL    where events are posted; default: nowhere
  --rate-limit N       requests per minute, default 60
  --test               a key of the sandbox network (sk_test_), not of WhatsApp (sk_live_)`;

/**
 * Ends the process with one readable line.
 * @param {string} mistake
 * @returns {never}
 */
function fail(mistake) {
  console.error(`${mistake}\n\n${help}`);
  process.exit(1);
}

function readFlags() {
  try {
    return parseArgs({
      options: {
        help: { type: "boolean", short: "h" },
        "tenant-id": { type: "string", default: "my_saas" },
        name: { type: "string", default: "My SaaS Application" },
        "webhook-url": { type: "string" },
        "rate-limit": { type: "string", default: "60" },
        test: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

const flags = readFlags();
if (flags.help === true) {
  console.log(help);
  process.exit(0);
}
const rateLimit = Number(flags["rate-limit"]);
if (!tenantIdForm.test(flags["tenant-id"])) {
  fail("--tenant-id must be 1 to 63 letters, digits, _ or -, starting with a letter or digit.");
}
if (flags.name.length < 1 || flags.name.length > 200) fail("--name must have 1 to 200 characters.");
if (!Number.isInteger(rateLimit) || rateLimit < 1) fail("--rate-limit must be a whole number.");

const apiKey = makeApiKey(flags.test ? "sandbox" : "live");
console.log(`-- API key: ${apiKey}
-- Keep it now: the database stores its hash only.
${tenantSql({
  tenantId: flags["tenant-id"],
  name: flags.name,
  apiKey,
  webhookUrl: flags["webhook-url"],
  rateLimitPerMinute: rateLimit,
})}`);
