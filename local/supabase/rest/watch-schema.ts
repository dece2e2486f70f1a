import { Client } from "pg";
import type { Logger } from "pino";

const retryDelayMs = 500;

/** Calls `onChange` when the database notifies of a schema change, and after every reconnect. */
export async function watchSchema(options: {
  databaseUrl: string;
  log: Logger;
  onChange: () => void;
}): Promise<{ stop(): Promise<void> }> {
  const { databaseUrl, log, onChange } = options;
  let stopped = false;
  let client: Client | undefined;
  let retry: NodeJS.Timeout | undefined;

  const connect = async () => {
    const next = new Client({ connectionString: databaseUrl, application_name: "supabase schema" });
    next.on("error", () => reconnect());
    next.on("notification", () => onChange());
    await next.connect();
    await next.query("listen pgrst");
    client = next;
    onChange();
  };
  const reconnect = () => {
    if (stopped) return;
    clearTimeout(retry);
    retry = setTimeout(() => {
      connect().catch((error: unknown) => {
        log.warn({ err: error }, "schema watch reconnect failed");
        reconnect();
      });
    }, retryDelayMs);
  };

  await connect();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(retry);
      await client?.end();
    },
  };
}
