import { expect, test } from "vitest";
import { startTestDatabase } from "../tests/support/database.ts";
import { installPostgres } from "../tests/support/other-postgres.ts";

const timeout = 120_000;

// Supabase runs these; `npm start` brings 18.
test.for([
  ["15", "15.18.0-beta.17"],
  ["17", "17.10.0-beta.17"],
] as const)(
  "the migrations work on PostgreSQL %s, and a row inserted by SQL is queued",
  { timeout },
  async ([major, version], { skip }) => {
    const binaries = await installPostgres(version);
    skip(binaries === undefined, `npm cannot install PostgreSQL ${version} for this platform here`);
    const db = await startTestDatabase(binaries);
    try {
      const { rows } = await db.pool.query<{ server_version: string }>("show server_version");
      expect(rows[0]?.server_version).toMatch(new RegExp(`^${major}\\.`));

      await db.pool.query("insert into tenants (tenant_id, name) values ('acme', 'Acme')");
      await db.pool.query(
        "insert into whatsapp_sessions (tenant_id, session_id, name, network) values ('acme', 'main', 'Main', 'sandbox')",
      );
      await db.pool.query(
        `insert into messages (phone_number, message, status, platform, session_id)
         values ('393331234567', 'Your message', 'QUEUED', 'WHATSAPP', 'acme_main')`,
      );
      const page = await db.pool.query<{ page: { data: { text: string; status: string }[] } }>(
        "select message_page('acme', null, null, null, null, null, null, null, false, 20, 0) as page",
      );
      expect(page.rows[0]?.page.data).toMatchObject([{ text: "Your message", status: "QUEUED" }]);
    } finally {
      await db.stop();
    }
  },
);
