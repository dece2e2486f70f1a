import { parseArgs } from "node:util";
import { z } from "zod";

const portRange = "must be a whole number from 0 to 65535";
const port = z.coerce.number(portRange).int(portRange).min(0, portRange).max(65_535, portRange);

const optionsSchema = z
  .object({
    port: port.default(3000),
    data: z.string().min(1).default(".data"),
    memory: z.boolean().default(false),
    json: z.boolean().default(false),
    connectors: z.coerce.number().int().min(1).max(16).default(1),
    supabaseUrl: z.url().optional(),
    supabaseKey: z.string().min(1).optional(),
    supabaseAnonKey: z.string().min(1).optional(),
    jwtSecret: z.string().min(1).optional(),
    sandbox: z.boolean().default(true),
    sandboxUrl: z
      .url({ protocol: /^wss?$/, error: "must be a WebSocket URL: ws://... or wss://..." })
      .optional(),
    sandboxRootKey: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, "must be the root public key as 64 hex digits")
      .optional(),
    sandboxCa: z.string().min(1).optional(),
  })
  .refine(
    (options) => (options.supabaseUrl === undefined) === (options.supabaseKey === undefined),
    {
      path: ["supabaseKey"],
      error: "--supabase-url and --supabase-key must be given together",
    },
  )
  .refine(
    (options) => (options.sandboxUrl === undefined) === (options.sandboxRootKey === undefined),
    {
      path: ["sandboxRootKey"],
      error: "--sandbox-url and --sandbox-root-key must be given together",
    },
  );

/** The options that are environment variables, by their names in the schema. */
const variables: Record<string, string> = { port: "PORT" };

export type Options = z.infer<typeof optionsSchema>;

/** Parses the flags and the environment. Returns the mistakes, one line each, if there are any. */
export function readOptions(
  args: string[],
  environment: Record<string, string | undefined>,
): { options: Options } | { info: Options } | { mistakes: string[] } | { help: string } {
  const flags = readFlags(args);
  // A name without a value in .env is not set.
  const env = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  if ("mistakes" in flags) return flags;
  if (flags.help === true) return { help };
  const parsed = optionsSchema.safeParse({
    port: env["PORT"],
    data: flags.data,
    memory: flags.memory,
    json: flags.json,
    connectors: flags.connectors,
    supabaseUrl: flags["supabase-url"] ?? env["SUPABASE_URL"],
    supabaseKey: flags["supabase-key"] ?? env["SUPABASE_KEY"],
    supabaseAnonKey: flags["supabase-anon-key"] ?? env["SUPABASE_ANON_KEY"],
    jwtSecret: flags["jwt-secret"] ?? env["SUPABASE_JWT_SECRET"],
    sandbox: flags["no-sandbox"] !== true,
    sandboxUrl: flags["sandbox-url"],
    sandboxRootKey: flags["sandbox-root-key"],
    sandboxCa: flags["sandbox-ca"],
  });
  if (parsed.success) return flags.info ? { info: parsed.data } : { options: parsed.data };
  return {
    mistakes: parsed.error.issues.map(
      ({ path, message }) => `${variables[String(path[0])] ?? path.join(".")}: ${message}`,
    ),
  };
}

function readFlags(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        help: { type: "boolean", short: "h" },
        data: { type: "string" },
        memory: { type: "boolean" },
        json: { type: "boolean" },
        info: { type: "boolean" },
        connectors: { type: "string" },
        "supabase-url": { type: "string" },
        "supabase-key": { type: "string" },
        "supabase-anon-key": { type: "string" },
        "jwt-secret": { type: "string" },
        "no-sandbox": { type: "boolean" },
        "sandbox-url": { type: "string" },
        "sandbox-root-key": { type: "string" },
        "sandbox-ca": { type: "string" },
      },
    }).values;
  } catch (error) {
    return { mistakes: [error instanceof Error ? error.message : String(error)] };
  }
}

const help = `npm start -- [options]

  --json                     print one line of JSON on stdout once everything is ready
  --info                     print the addresses and keys of the one that runs (also with --json)
  --data DIR                 data directory (default .data)
  --memory                   use a temporary data directory, deleted on exit
  --connectors N             number of connectors (default 1)
  --supabase-url URL         use this Supabase project instead of the local one
  --supabase-key KEY           its service role key
  --supabase-anon-key KEY      its anon key (needed only by frontends)
  --jwt-secret SECRET          its JWT secret (needed only by frontends)
  --no-sandbox               do not run the sandbox: live numbers only
  --sandbox-url WS           use this sandbox network instead of the local one
  --sandbox-root-key HEX       the root key of its certificates
  --sandbox-ca FILE            the certificate (PEM) that its media server is trusted by

A file .env in this directory is read first; .env.example lists what it may hold.
PORT sets the port of the API (default 3000; 0 picks free ports for every component).
SUPABASE_URL, SUPABASE_KEY, SUPABASE_ANON_KEY and SUPABASE_JWT_SECRET in the environment
work like the flags.`;
