import type { Database as Schema } from "../../shared/database.ts";

type Functions = Schema["public"]["Functions"];

/**
 * The SQL functions that a connector calls, and what each returns: rows, one value, or nothing.
 */
export const connectorFunctions = {
  register_connector: "nothing",
  renew_lease: "value",
  deregister_connector: "nothing",
  claim_sessions: "rows",
  list_owned_sessions: "value",
  release_sessions: "nothing",
  plan_hand_over: "value",
  hand_over_session: "value",
  load_signal_keys: "value",
  load_message_content: "value",
  stale_auth: "value",
  reseal_auth: "value",
  load_in_flight: "value",
  load_drip_heads: "value",
  fail_expired_messages: "rows",
  find_idempotent: "value",
  load_media_downloads: "value",
  release_overdue_events: "value",
  expect_media: "nothing",
  media_to_remove: "value",
  media_removed: "nothing",
  has_message: "value",
  commit_writes: "value",
} as const satisfies Partial<Record<keyof Functions, "rows" | "value" | "nothing">>;
export type ConnectorFunction = keyof typeof connectorFunctions;

export type Arguments<Name extends ConnectorFunction> = Functions[Name]["Args"];
export type Result<Name extends ConnectorFunction> = Functions[Name]["Returns"];

export interface CallOptions {
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** The database as a connector uses it: through SQL functions alone. */
export interface Database {
  /**
   * Calls a function of the schema `public`. Throws a DatabaseError when the database refuses,
   * cannot be reached, or does not answer within `timeoutMs` (10 s by default); throws the reason of
   * `signal` when that is aborted before the answer.
   */
  call<Name extends ConnectorFunction>(
    name: Name,
    args: Arguments<Name>,
    options?: CallOptions,
  ): Promise<Result<Name>>;
  close(): Promise<void>;
}

export const defaultTimeoutMs = 10_000;

/** Why a call of the database failed. `code` is the SQLSTATE, or empty when it never answered. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  readonly code: string;

  constructor(message: string, { code, cause }: { code: string; cause?: unknown }) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }

  /**
   * Whether the statement itself is at fault, so that repeating it gives the same answer. These
   * classes of SQLSTATE pass by themselves: connection (08), transaction rollback (40), resources
   * (53), locks (55), operator intervention, timeouts among them (57), and system (58).
   */
  get isPermanent(): boolean {
    return /^[0-9A-Z]{5}$/.test(this.code) && !/^(08|40|53|55|57|58)/.test(this.code);
  }

  /** Whether the server stopped the statement because it took too long. */
  get isStatementTimeout(): boolean {
    return this.code === "57014";
  }
}
