import type { Supabase } from "./supabase.ts";
import {
  type Arguments,
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
      { timeoutMs = defaultTimeoutMs }: { timeoutMs?: number } = {},
    ): Promise<Result<Name>> {
      const { data, error } = await supabase
        .rpc(name, args)
        .abortSignal(AbortSignal.timeout(timeoutMs));
      if (error !== null)
        throw new DatabaseError(error.message, { code: error.code ?? "", cause: error });
      return data;
    },
    close: () => Promise.resolve(),
  };
}
