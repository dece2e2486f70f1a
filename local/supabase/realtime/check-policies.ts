import { randomUUID } from "node:crypto";
import { DatabaseError, type Pool, type PoolClient } from "pg";
import type { Caller } from "../database/database.ts";

export type Permissions = { readonly read: boolean; readonly write: boolean };

/**
 * Checks what the policies of `realtime.messages` let the caller do on a private topic, by trying to
 * read and to insert a message there in a transaction that is rolled back.
 */
export async function checkPolicies(
  owner: Pool,
  caller: Caller,
  topic: string,
): Promise<Permissions> {
  const client = await owner.connect();
  const id = randomUUID();
  let failure: Error | undefined;
  try {
    await client.query("begin");
    await client.query(
      "insert into realtime.messages (id, topic, extension) values ($1, $2, 'broadcast')",
      [id, topic],
    );
    await client.query(
      `select set_config('session_authorization', 'authenticator', true), set_config('role', $1, true),
         set_config('request.jwt.claims', $2, true), set_config('realtime.topic', $3, true)`,
      [caller.role, caller.claims, topic],
    );
    await client.query("savepoint impersonated");
    const read = await mayRead(client, id);
    await client.query("rollback to savepoint impersonated");
    const write = await mayWrite(client, topic);
    return { read, write };
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    await client.query("rollback").catch((error: Error) => (failure ??= error));
    client.release(failure instanceof DatabaseError ? undefined : failure);
  }
}

async function mayRead(client: PoolClient, id: string): Promise<boolean> {
  try {
    const { rowCount } = await client.query("select from realtime.messages where id = $1", [id]);
    return rowCount === 1;
  } catch (error) {
    return falseIfDenied(error);
  }
}

async function mayWrite(client: PoolClient, topic: string): Promise<boolean> {
  try {
    await client.query(
      "insert into realtime.messages (topic, extension) values ($1, 'broadcast')",
      [topic],
    );
    return true;
  } catch (error) {
    return falseIfDenied(error);
  }
}

function falseIfDenied(error: unknown): false {
  if (error instanceof DatabaseError && error.code === "42501") return false;
  throw error;
}
