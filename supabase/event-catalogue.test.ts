import { OpenAPIHono } from "@hono/zod-openapi";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeEvents, eventCatalogue } from "../control-plane/openapi/event-catalogue.ts";
import type { AppEnv } from "../control-plane/http/app-env.ts";
import { eventTypes } from "../shared/event-types.ts";
import { startTestDatabase, type TestDatabase } from "../tests/support/database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await startTestDatabase();
  await db.pool.query(`
    insert into tenants (tenant_id, name) values ('acme', 'Acme');
    select create_session('acme', 'main', 'M', null, 'sandbox');
    insert into messages (tenant_id, session_uid, session_id, direction, chat_id, message, status)
      select s.tenant_id, s.uid, 'main', 'in', '393331234567@s.whatsapp.net', 'x', 'RECEIVED'
      from whatsapp_sessions s`);
}, 60_000);
afterAll(() => db.stop());

const extra: Record<string, object> = {
  "session.disconnected": { reason: "logged_out" },
  "session.qr_code": { qr: "2@abc", expires_at: "2026-11-25T12:00:00.000Z" },
};

test.each(eventTypes.filter((type) => type !== "webhook.disabled"))(
  "the catalogue describes what the database writes as %s",
  async (type) => {
    const [source, id, argument] = type.startsWith("message.")
      ? ["message_event", "select id from messages", null]
      : ["session_event", "select uid from whatsapp_sessions", extra[type] ?? {}];
    const { rows } = await db.pool.query<{ data: Record<string, unknown> }>(
      `select ${source}((${id} limit 1), $1, $2) -> 'data' as data`,
      [type, argument],
    );
    const data = rows[0]?.data ?? {};
    const parsed = eventCatalogue[type].data.parse(data);
    // Nothing that is written is missing from the catalogue either.
    expect(parsed).toEqual(data);
  },
);

test("each event type is a webhook of the OpenAPI document, with its type and data", () => {
  const app = new OpenAPIHono<AppEnv>();
  describeEvents(app);
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "t", version: "1" },
  });
  expect(Object.keys(document.webhooks ?? {}).toSorted()).toEqual([...eventTypes].toSorted());
  expect(JSON.stringify(document.webhooks?.["webhook.disabled"])).toMatch(/"gone","failing"/);
});
