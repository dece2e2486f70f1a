import type { Supabase } from "./supabase.ts";
import {
  type Arguments,
  type CallOptions,
  type ConnectorFunction,
  type Database,
  DatabaseError,
  defaultTimeoutMs,
  type Result,
} from "./database.ts";

/**
 * The database over Supabase's REST API, for an installation that gives the connector no
 * DATABASE_URL. Each call costs more than twice the CPU (docs/performance.md).
 */
export function restDatabase(supabase: Supabase): Database {
  return {
    async call<Name extends ConnectorFunction>(
      name: Name,
      args: Arguments<Name>,
      { timeoutMs = defaultTimeoutMs, signal }: CallOptions = {},
    ): Promise<Result<Name>> {
      const timeout = AbortSignal.timeout(timeoutMs);
      const { data, error } = await supabase
        .rpc(name, args)
        .abortSignal(signal === undefined ? timeout : AbortSignal.any([timeout, signal]));
      if (error !== null) signal?.throwIfAborted();
      if (error !== null)
        throw new DatabaseError(error.message, { code: error.code ?? "", cause: error });
      return data;
    },
    close: () => Promise.resolve(),
  };
}
