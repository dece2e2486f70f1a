import { z } from "zod";
import { type QueueDefaults, queueDefaultsOf, queueVariables } from "../shared/queue.ts";
import { defaultMaxDocumentBytes, maxDocumentBytes } from "../shared/media.ts";

const flag = z.enum(["true", "false"]).transform((value) => value === "true");

const aesKey = z
  .base64()
  .refine(
    (key) => atob(key).length === 32,
    "Must be the base64 of 32 bytes: openssl rand -base64 32",
  );

const configSchema = z.object({
  SUPABASE_URL: z.url({ protocol: /^https?$/ }),
  SUPABASE_KEY: z.string().min(1),
  /** With the JWT secret, for the tokens of frontends. */
  SUPABASE_ANON_KEY: z.string().min(1).optional(),
  SUPABASE_JWT_SECRET: z.string().min(1).optional(),
  /** Where browsers reach Supabase, if it is not SUPABASE_URL. */
  SUPABASE_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  ADMIN_KEY: z.string().min(16),
  COMMAND_PRIVATE_KEY: z.base64().min(1),
  /** Encrypts the secrets of webhook endpoints. */
  WEBHOOK_SECRET_KEY: aesKey,
  /** The key before it; what it encrypted is read, and encrypted anew. */
  WEBHOOK_SECRET_KEY_OLD: aesKey.optional(),
  EVENT_HUB_SHARDS: z.coerce.number().int().min(1).max(16).default(4),
  MAX_STREAMS_PER_TENANT: z.coerce.number().int().min(1).max(2_000).default(100),
  MAX_STREAMS_PER_KEY: z.coerce.number().int().min(1).max(2_000).default(50),
  ALLOW_PRIVATE_URLS: flag.default(false),
  /** Where clients reach this Worker: links to files begin with it. */
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** The phones API of a sandbox, for the console's simulated phones. Set by local mode. */
  SANDBOX_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Where connectors keep files: in Supabase Storage, or in a directory of theirs. */
  STORAGE_MODE: z.enum(["supabase", "local"]).default("supabase"),
  MAX_DOCUMENT_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .max(maxDocumentBytes)
    .default(defaultMaxDocumentBytes),
  ...queueVariables,
});

/** The names of the Worker's variables and secrets. */
export const environmentVariables = Object.keys(configSchema.shape);

/** The Supabase project as the frontends of tenants use it. */
export interface FrontendProject {
  url: string;
  anonKey: string;
  jwtSecret: string;
}

export interface Config {
  supabaseUrl: string;
  supabaseKey: string;
  /** Undefined unless the operator set what signs the tokens of frontends. */
  frontendProject: FrontendProject | undefined;
  adminKey: string;
  commandPrivateKey: string;
  webhookSecretKeys: { current: string; old: string | undefined };
  eventHubShards: number;
  maxStreamsPerTenant: number;
  maxStreamsPerKey: number;
  allowPrivateUrls: boolean;
  publicUrl: string | undefined;
  sandboxUrl: string | undefined;
  maxDocumentBytes: number;
  queueDefaults: QueueDefaults;
  storageMode: "supabase" | "local";
}

/** @throws an error with one line per invalid variable. */
export function parseConfig(variables: object): Config {
  const parsed = configSchema.safeParse(variables);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
    throw new Error(
      `The Worker's configuration is not valid. Correct these variables:\n${lines.join("\n")}`,
    );
  }
  const values = parsed.data;
  return {
    supabaseUrl: values.SUPABASE_URL,
    supabaseKey: values.SUPABASE_KEY,
    frontendProject: frontendProjectOf(values),
    adminKey: values.ADMIN_KEY,
    commandPrivateKey: values.COMMAND_PRIVATE_KEY,
    webhookSecretKeys: {
      current: values.WEBHOOK_SECRET_KEY,
      old: values.WEBHOOK_SECRET_KEY_OLD,
    },
    eventHubShards: values.EVENT_HUB_SHARDS,
    maxStreamsPerTenant: values.MAX_STREAMS_PER_TENANT,
    maxStreamsPerKey: values.MAX_STREAMS_PER_KEY,
    allowPrivateUrls: values.ALLOW_PRIVATE_URLS,
    publicUrl: values.PUBLIC_URL,
    sandboxUrl: values.SANDBOX_URL,
    maxDocumentBytes: values.MAX_DOCUMENT_BYTES,
    queueDefaults: queueDefaultsOf(values),
    storageMode: values.STORAGE_MODE,
  };
}

function frontendProjectOf(values: z.infer<typeof configSchema>): FrontendProject | undefined {
  const { SUPABASE_ANON_KEY: anonKey, SUPABASE_JWT_SECRET: jwtSecret } = values;
  if (anonKey === undefined || jwtSecret === undefined) return undefined;
  return { url: values.SUPABASE_PUBLIC_URL ?? values.SUPABASE_URL, anonKey, jwtSecret };
}
