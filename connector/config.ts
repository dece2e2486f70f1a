import { createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { defaultMaxDocumentBytes, maxDocumentBytes } from "../shared/media.ts";
import { type QueueDefaults, queueDefaultsOf, queueVariables } from "../shared/queue.ts";
import { logLevels } from "./log/log.ts";
import { defaultTiming, type Timing } from "./timing.ts";

const base64Bytes = z.base64().transform((value) => Buffer.from(value, "base64"));

const publicKey = base64Bytes.transform((der, context): KeyObject => {
  try {
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // Reported below.
  }
  context.addIssue("must be the base64 of an Ed25519 public key (SPKI DER)");
  return z.NEVER;
});

const encryptionKey = base64Bytes.refine(
  (key) => key.length === 32,
  "must be the base64 of 32 bytes: openssl rand -base64 32",
);

/** How to reach the database, and what its credentials are encrypted with. */
const databaseVariables = {
  SUPABASE_URL: z.url(),
  SUPABASE_KEY: z.string().min(1),
  /** PostgreSQL itself, by a direct connection or a session pooler. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  ENCRYPTION_KEY: encryptionKey,
  /** Another key that is read, while keys are rotated. */
  ENCRYPTION_KEY_OLD: encryptionKey.optional(),
};

const environmentSchema = z
  .object({
    ...databaseVariables,
    /** Connections in use at once, besides one for the lease. */
    DATABASE_CONNECTIONS: z.coerce.number().int().min(2).max(100).default(6),
    COMMAND_PUBLIC_KEY: publicKey,
    PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
    /** For Prometheus; a port that is not public. */
    METRICS_PORT: z.coerce.number().int().min(0).max(65_535).default(9091),
    /** Default: all addresses, IPv4 and IPv6. Fly's private network is IPv6. */
    HOST: z.string().optional(),
    CONNECTOR_URL: z.url().optional(),
    FLY_MACHINE_ID: z.string().optional(),
    SANDBOX_WS_URL: z.url({ protocol: /^wss?$/ }).optional(),
    SANDBOX_ROOT_KEY: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, "must be 32 bytes in hex")
      .transform((hex) => Buffer.from(hex, "hex"))
      .optional(),
    /** A PEM file with the certificate by which the sandbox's media server is trusted. */
    SANDBOX_MEDIA_CA: z
      .string()
      .transform((file, context) => {
        try {
          return readFileSync(file, "utf8");
        } catch {
          context.addIssue("must be a file that can be read");
          return z.NEVER;
        }
      })
      .optional(),
    LIVE_NETWORK: z
      .enum(["on", "off"])
      .default("on")
      .transform((value) => value === "on"),
    /** The version of WhatsApp Web to connect as; default: the one of the Baileys release. */
    WA_WEB_VERSION: z
      .string()
      .regex(/^\d+\.\d+\.\d+$/, "must be three numbers, such as 2.3000.1043857760")
      .transform((version): [number, number, number] => {
        const [primary = 0, secondary = 0, tertiary = 0] = version.split(".").map(Number);
        return [primary, secondary, tertiary];
      })
      .optional(),
    /** The largest document to send, and the largest received file to store, in bytes. */
    MAX_DOCUMENT_BYTES: z.coerce
      .number()
      .int()
      .min(1)
      .max(maxDocumentBytes)
      .default(defaultMaxDocumentBytes),
    /** Where files are kept: in Supabase Storage, or in MEDIA_DIR. The same as the control plane's. */
    STORAGE_MODE: z.enum(["supabase", "local"]).default("supabase"),
    MEDIA_DIR: z.string().min(1).default("media"),
    /** Converts voice messages and reads videos; not needed. */
    FFMPEG_PATH: z.string().default("ffmpeg"),
    /** Whether files may be fetched from private and loopback addresses. Only for local use. */
    ALLOW_PRIVATE_URLS: z
      .enum(["true", "false"])
      .default("false")
      .transform((value) => value === "true"),
    ...queueVariables,
    MAX_SESSIONS: z.coerce.number().int().min(1).default(500),
    LOG_LEVEL: z.enum(logLevels).default("info"),
  })
  .refine((env) => env.LIVE_NETWORK || env.SANDBOX_WS_URL !== undefined, {
    path: ["LIVE_NETWORK"],
    message: "is off and SANDBOX_WS_URL is not set: set one of them",
  });

export type Environment = z.infer<typeof environmentSchema>;

/** The names of the variables that the connector reads. */
export const environmentVariables = Object.keys(environmentSchema.shape);

export interface ConnectorConfig extends Environment {
  timing: Timing;
  queueDefaults: QueueDefaults;
}

type Variables = Record<string, string | undefined>;
type Read<Config> = { config: Config } | { mistakes: string[] };

/** The configuration, or one readable line for each mistake. */
export function readConfig(env: Variables): Read<ConnectorConfig> {
  const read = parse(environmentSchema, env);
  if ("mistakes" in read) return read;
  const queueDefaults = queueDefaultsOf(read.config);
  const timing = { ...defaultTiming, dripPollMs: queueDefaults.poll_interval_ms };
  return { config: { ...read.config, timing, queueDefaults } };
}

const rotationSchema = z.object({
  ...databaseVariables,
  ENCRYPTION_KEY_OLD: encryptionKey,
});

/** What `npm run rotate-key` needs, in the same way. */
export function readRotation(env: Variables): Read<z.infer<typeof rotationSchema>> {
  return parse(rotationSchema, env);
}

function parse<Config>(schema: z.ZodType<Config>, env: Variables): Read<Config> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const read = schema.safeParse(given);
  if (read.success) return { config: read.data };
  return {
    mistakes: read.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`),
  };
}
