import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "../../shared/database.ts";
import { restFetch } from "./rest-fetch.ts";

export type Supabase = SupabaseClient<Database>;

export function connectDatabase({ url, key }: { url: string; key: string }): Supabase {
  return createClient<Database>(url, key, {
    // The key is all there is: without this, each call first asks whether somebody signed in.
    accessToken: () => Promise.resolve(key),
    global: { fetch: restFetch(url) },
  });
}

/** What the database answered instead of a result. */
export class DatabaseError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(message: string, { code, status }: { code: string; status: number }) {
    super(message);
    this.name = "DatabaseError";
    this.code = code;
    this.status = status;
  }

  /**
   * Whether the statement itself is wrong, so that trying again gives the same answer. Decided by
   * SQLSTATE, because an answer's HTTP status is 500 for both kinds: connection (08), rollback
   * (40), resources (53), locks (55), operator (57) and system (58) pass by themselves.
   */
  get isFault(): boolean {
    return /^[0-9A-Z]{5}$/.test(this.code) && !/^(08|40|53|55|57|58)/.test(this.code);
  }
}

export interface DatabaseAnswer<Data> {
  data: Data | null;
  error: { message: string; code?: string } | null;
  status: number;
}

/** The data of an answer; throws a DatabaseError when there is none. */
export async function unwrap<Data>(
  request: PromiseLike<DatabaseAnswer<Data>>,
): Promise<Data | null> {
  const { data, error, status } = await request;
  if (error !== null) {
    throw new DatabaseError(error.message, { code: error.code ?? "", status });
  }
  return data;
}
