import { z } from "zod";
import { choosePort, type Context, keep } from "./context.ts";
import type { KeptPart } from "./kept-part.ts";
import type { Network } from "./network.ts";
import type { SupabaseInUse } from "./supabase.ts";

const firstUsualPort = 8080;

export const urlReady = z.object({ url: z.string() });
export type UrlReady = z.infer<typeof urlReady>;

/** As many connectors as were asked for. */
export async function startConnectors(
  context: Context,
  supabase: SupabaseInUse,
  network: Network | undefined,
): Promise<KeptPart<UrlReady>[]> {
  const connectors: KeptPart<UrlReady>[] = [];
  for (let index = 0; index < context.options.connectors; index++) {
    connectors.push(await startConnector(context, { index, supabase, network }));
  }
  context.report(
    connectors.length > 1 ? `${connectors.length} connectors ready` : "connector ready",
  );
  return connectors;
}

async function startConnector(
  context: Context,
  input: { index: number; supabase: SupabaseInUse; network: Network | undefined },
): Promise<KeptPart<UrlReady>> {
  const { options } = context;
  const { index, supabase, network } = input;
  return keep(context, {
    ready: urlReady,
    name: `connector-${index + 1}`,
    entry: "connector/start.ts",
    port: await choosePort(options, firstUsualPort + index),
    env: {
      HOST: "127.0.0.1",
      SUPABASE_URL: supabase.url,
      SUPABASE_KEY: supabase.serviceKey,
      ENCRYPTION_KEY: context.secrets.encryptionKey,
      COMMAND_PUBLIC_KEY: context.secrets.commandPublicKey,
      ...(network === undefined
        ? {}
        : { SANDBOX_WS_URL: network.webSocketUrl, SANDBOX_ROOT_KEY: network.rootKey }),
    },
  });
}
