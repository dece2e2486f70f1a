import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "../../shared/database.ts";
import { restFetch } from "./rest-fetch.ts";

export type Supabase = SupabaseClient<Database>;

export function connectDatabase({ url, key }: { url: string; key: string }): Supabase {
  return createClient<Database>(url, key, {
    // Without this every call first checks whether a user is signed in.
    accessToken: () => Promise.resolve(key),
    global: { fetch: restFetch(url) },
  });
}

/** An error response of the database or of its REST API. */
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
   * Whether the statement itself is wrong, so that a retry gives the same error. Decided by SQLSTATE,
   * because the HTTP status is 500 for both kinds: classes 08 (connection), 40 (rollback), 53
   * (resources), 55 (locks), 57 (operator) and 58 (system) are temporary.
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

/** The data of a response; throws a DatabaseError when it is an error. */
export async function unwrap<Data>(
  request: PromiseLike<DatabaseAnswer<Data>>,
): Promise<Data | null> {
  const { data, error, status } = await request;
  if (error !== null) {
    throw new DatabaseError(error.message, { code: error.code ?? "", status });
  }
  return data;
}
