import type { Arguments, CallOptions, ConnectorFunction, Database, Result } from "./database.ts";

/** The same database, but every call ends when the signal is aborted, at the latest. */
export function endWith(signal: AbortSignal, database: Database): Database {
  return {
    call: <Name extends ConnectorFunction>(
      name: Name,
      args: Arguments<Name>,
      options: CallOptions = {},
    ): Promise<Result<Name>> => database.call(name, args, { ...options, signal }),
    close: () => database.close(),
  };
}
