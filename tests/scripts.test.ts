import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client } from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { call, tenantOf } from "./support/api.ts";

const addresses = inject("addresses");
const root = fileURLToPath(new URL("../", import.meta.url));
const execute = promisify(execFile);

/** Runs a command in the repository as a user does; rejects with its stderr if it fails. */
async function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const options = { cwd: root, env: { ...process.env, ...env } };
  return (await execute(command, args, options)).stdout;
}

let database: Client;
beforeAll(async () => {
  database = new Client({ connectionString: addresses.databaseUrl ?? "" });
  await database.connect();
});
afterAll(() => database.end());

/** The status of a request with this key. */
async function statusWith(key: string): Promise<number> {
  return (await tenantOf(addresses.apiUrl, "", key).get("/tenant/sessions")).status;
}

const newId = () => `script-${randomUUID().slice(0, 8)}`;

test.each([
  ["node generate-api-key.js", "node", ["generate-api-key.js"]],
  ["npm run api-key", "npm", ["run", "-s", "api-key", "--"]],
])("%s prints a key, and SQL that creates its tenant", async (_, command, args) => {
  const tenantId = newId();
  const sql = await run(command, [...args, "--test", "--tenant-id", tenantId, "--name", "O'Neil"]);
  const key = /^-- API key: (sk_test_[A-Za-z0-9]{32})$/m.exec(sql)?.[1] ?? "";
  await database.query(sql);
  expect(await statusWith(key)).toBe(200);
  const { rows } = await database.query(
    "select name, api_key, rate_limit_per_minute from tenants where tenant_id = $1",
    [tenantId],
  );
  expect(rows).toEqual([{ name: "O'Neil", api_key: null, rate_limit_per_minute: 60 }]);
});

test("generate-api-key.js without options prints the statement of the seed with a live key", async () => {
  expect(await run("node", ["generate-api-key.js"])).toMatch(
    /INSERT INTO tenants \(tenant_id, name, api_key, webhook_url, rate_limit_per_minute\)\nVALUES \(\n {2}'my_saas',\n {2}'My SaaS Application',\n {2}'sk_live_\w{32}',/,
  );
});

test.each([["--tenant-id=-x"], ["--rate-limit=0"], ["--nmae=typo"]])(
  "generate-api-key.js refuses %s and prints no SQL",
  async (flag) => {
    await expect(run("node", ["generate-api-key.js", flag])).rejects.toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining(flag.split("=")[0] ?? ""),
    });
  },
);

test("npm run tenant creates a tenant and a key on a running instance", async () => {
  const tenantId = newId();
  const flags = ["--tenant-id", tenantId, "--name", "Shop", "--network", "sandbox"];
  const args = ["run", "-s", "tenant", "--", "--url", addresses.apiUrl, ...flags];
  const env = { ADMIN_KEY: addresses.adminKey };
  const created = JSON.parse(await run("npm", args, env)) as {
    tenant: Record<string, unknown>;
    api_key: string;
  };
  expect(created.tenant).toMatchObject({ tenant_id: tenantId, name: "Shop" });
  expect(await statusWith(created.api_key)).toBe(200);

  await expect(run("npm", args, env)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("already exists"),
  });
  await expect(run("npm", args, { ADMIN_KEY: "wrong-admin-key-1234" })).rejects.toMatchObject({
    code: 1,
  });
});

test("npm run tenant -- --sql prints SQL that creates the tenant, and calls nothing", async () => {
  const tenantId = newId();
  const flags = ["--sql", "--tenant-id", tenantId, "--network", "sandbox", "--rate-limit", "90"];
  const sql = await run("npm", ["run", "-s", "tenant", "--", ...flags]);
  await database.query(sql);
  expect(await statusWith(/sk_test_\w+/.exec(sql)?.[0] ?? "")).toBe(200);
});

test("the SQL templates create a tenant, change its limits and rotate its key", async () => {
  const tenantId = newId();
  const random = randomUUID().slice(0, 8);
  const template = async (name: string) => {
    const sql = await readFile(new URL(`../templates/${name}`, import.meta.url), "utf8");
    return sql.replaceAll("my_saas", tenantId).replaceAll("sk_live_", `sk_test_${random}`);
  };
  await database.query(await template("new-tenant.sql"));
  const first = `sk_test_${random}mysaas_abc123xyz789`;
  expect(await statusWith(first)).toBe(200);

  await database.query(await template("tenant-limits.sql"));
  const tenant = await call("GET", `${addresses.apiUrl}/admin/tenants/${tenantId}`, {
    headers: { "X-Admin-Key": addresses.adminKey },
  });
  expect(tenant.body).toMatchObject({ rate_limit_per_minute: 600, message_retention_days: 365 });

  await database.query(await template("rotate-key.sql"));
  expect(await statusWith(`sk_test_${random}mysaas_def456uvw012`)).toBe(200);
  const { rows } = await database.query(
    "select revoked_at is null as valid from api_keys where tenant_id = $1 order by created_at",
    [tenantId],
  );
  expect(rows).toEqual([{ valid: false }, { valid: true }]);
});

test("npm run build checks the types, bundles the Worker and leaves nothing in the repository", async () => {
  const untracked = () => run("git", ["status", "--porcelain", "--untracked-files=all"]);
  const before = await untracked();
  expect(await run("npm", ["run", "build"])).toMatch(/Total Upload: .*KiB/);
  expect(await untracked()).toBe(before);
}, 240_000);

test("npm run dev starts what npm start starts", async () => {
  const { scripts } = JSON.parse(await readFile(`${root}package.json`, "utf8")) as {
    scripts: Record<string, string>;
  };
  expect(scripts["dev"]).toBe(scripts["start"]);
  expect(await run("npm", ["run", "-s", "dev", "--", "--help"])).toContain("--json");
});
