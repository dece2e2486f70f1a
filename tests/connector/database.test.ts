import { randomUUID } from "node:crypto";
import pino from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Database, DatabaseError } from "../../connector/database/database.ts";
import { connectPostgres } from "../../connector/database/postgres-database.ts";
import { restDatabase } from "../../connector/database/rest-database.ts";
import { connectSupabase } from "../../connector/database/supabase.ts";
import { Stack } from "./stack.ts";

const log = pino({ level: "silent" });
let stack: Stack;
beforeAll(async () => {
  stack = await Stack.start();
});
afterAll(() => stack.stop());

const registration = {
  url: "http://127.0.0.1:1",
  instance: null,
  networks: ["sandbox" as const],
  capacity: 10,
  lease_ms: 60_000,
};

describe.each([
  ["PostgreSQL", () => connectPostgres({ url: stack.databaseUrl(), maxConnections: 3, log })],
  [
    "REST",
    () =>
      restDatabase(connectSupabase({ url: stack.supabase.url, key: stack.supabase.serviceKey })),
  ],
])("over %s", (_name, connect) => {
  let database: Database;
  const connectorId = randomUUID();
  beforeAll(() => {
    database = connect();
  });
  afterAll(() => database.close());

  test("rows, values and nothing come back in the same shapes", async () => {
    await database.call("register_connector", { connector_id: connectorId, ...registration });
    expect(
      await database.call("renew_lease", { connector_id: connectorId, lease_ms: 60_000 }),
    ).toBe(true);
    const uid = await stack.createSession(`over-${connectorId.slice(0, 8)}`);
    const claimed = await database.call("claim_sessions", {
      connector_id: connectorId,
      max_sessions: 5,
    });
    expect(claimed.find((session) => session.uid === uid)).toMatchObject({
      uid,
      network: "sandbox",
      epoch: 1,
      ciphertext: null,
    });
    expect(await database.call("load_in_flight", { session_uid: uid })).toEqual([]);
    const committed = await database.call("commit_writes", {
      connector_id: connectorId,
      writes: { sessions: [{ uid, epoch: 1 }], items: [] },
    });
    expect(committed).toEqual({ stale: [], results: [], notifications: [] });
    await database.call("deregister_connector", { connector_id: connectorId });
  });

  test("a refusal carries its SQLSTATE and is permanent", async () => {
    const refused = database.call("load_in_flight", { session_uid: "not a uuid" });
    await expect(refused).rejects.toBeInstanceOf(DatabaseError);
    await expect(refused).rejects.toMatchObject({ code: "22P02", isPermanent: true });
  });
});

describe("when PostgreSQL fails", () => {
  let database: Database;
  const read = (timeoutMs: number) =>
    database.call("load_in_flight", { session_uid: randomUUID() }, { timeoutMs });
  beforeAll(() => {
    database = connectPostgres({ url: stack.databaseUrl(), maxConnections: 2, log });
  });
  afterEach(() => stack.databasePath.pass());
  afterAll(() => database.close());

  test("a call that hangs ends at its deadline, on open and on new connections, and later ones work", async () => {
    await read(5000);
    stack.databasePath.hang();
    for (let call = 0; call < 3; call += 1) {
      await expect(read(200)).rejects.toMatchObject({ code: "", isPermanent: false });
    }
    stack.databasePath.pass();
    expect(await read(5000)).toEqual([]);
  });

  test("a path that is cut half-open, or refused, fails calls and recovers", async () => {
    await read(5000);
    stack.databasePath.cutHalfOpen();
    await expect(read(200)).rejects.toBeInstanceOf(DatabaseError);
    stack.databasePath.refuse();
    await expect(read(1000)).rejects.toBeInstanceOf(DatabaseError);
    stack.databasePath.pass();
    expect(await read(5000)).toEqual([]);
  });

  test("the lease is renewed while every other connection waits", async () => {
    const connectorId = randomUUID();
    await database.call("register_connector", { connector_id: connectorId, ...registration });
    const client = await stack.database.pool.connect();
    try {
      await client.query("begin; lock table public.messages in access exclusive mode");
      const blocked = [read(1500), read(1500), read(1500)].map((call) => call.catch(() => "late"));
      expect(
        await database.call(
          "renew_lease",
          { connector_id: connectorId, lease_ms: 60_000 },
          { timeoutMs: 1000 },
        ),
      ).toBe(true);
      await Promise.all(blocked);
    } finally {
      await client.query("rollback");
      client.release();
    }
    await database.call("deregister_connector", { connector_id: connectorId });
  });
});
