import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { CannotStart } from "./cannot-start.ts";
import type { Settings } from "./settings.ts";

const secretsSchema = z.object({
  jwtSecret: z.string(),
  adminKey: z.string(),
  encryptionKey: z.string(),
  commandPrivateKey: z.string(),
  commandPublicKey: z.string(),
  demoApiKey: z.string(),
  databasePassword: z.string(),
  webhookSecretKey: z.string(),
});
export type Secrets = z.infer<typeof secretsSchema>;

/** A file of an earlier version lacks a key that nothing depends on yet: it is made then. */
const storedSchema = secretsSchema.partial({ webhookSecretKey: true });

/**
 * Loads this installation's keys from the data directory, or creates them on the first start. Keys
 * that the user set are used instead, and not stored.
 */
export async function loadOrCreateSecrets(
  dataDir: string,
  settings: Settings = {},
): Promise<Secrets> {
  const own = await loadOrCreate(dataDir);
  return {
    ...own,
    adminKey: settings["ADMIN_KEY"] ?? own.adminKey,
    webhookSecretKey: settings["WEBHOOK_SECRET_KEY"] ?? own.webhookSecretKey,
    encryptionKey: settings["ENCRYPTION_KEY"] ?? own.encryptionKey,
    commandPrivateKey: settings["COMMAND_PRIVATE_KEY"] ?? own.commandPrivateKey,
    commandPublicKey: settings["COMMAND_PUBLIC_KEY"] ?? own.commandPublicKey,
  };
}

async function loadOrCreate(dataDir: string): Promise<Secrets> {
  const file = join(dataDir, "secrets.json");
  try {
    const { webhookSecretKey, ...stored } = parseSecrets(await readFile(file, "utf8"), file);
    if (webhookSecretKey !== undefined) return { ...stored, webhookSecretKey };
    return await store(file, { ...stored, webhookSecretKey: randomKey() });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return store(file, createSecrets());
}

async function store(file: string, secrets: Secrets): Promise<Secrets> {
  await mkdir(dirname(file), { recursive: true });
  // Renamed when it is complete: a crash must not leave half a file.
  await writeFile(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return secrets;
}

function parseSecrets(text: string, file: string): z.infer<typeof storedSchema> {
  const parsed = storedSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const missing = parsed.error.issues.map((issue) => issue.path.join(".") || "no JSON").join(", ");
  throw new CannotStart(
    `${file} is incomplete: ${missing}. An earlier version wrote it. Move its directory away, or use another: npm start -- --data DIR`,
    { cause: parsed.error },
  );
}

function createSecrets(): Secrets {
  const command = generateKeyPairSync("ed25519");
  return {
    jwtSecret: randomBytes(32).toString("base64url"),
    adminKey: `admin_${randomBytes(24).toString("base64url")}`,
    encryptionKey: randomKey(),
    webhookSecretKey: randomKey(),
    commandPrivateKey: command.privateKey
      .export({ type: "pkcs8", format: "der" })
      .toString("base64"),
    commandPublicKey: command.publicKey.export({ type: "spki", format: "der" }).toString("base64"),
    demoApiKey: `sk_test_${randomBytes(24).toString("base64url")}`,
    databasePassword: randomBytes(24).toString("base64url"),
  };
}

function randomKey(): string {
  return randomBytes(32).toString("base64");
}

/** Undefined for text that is not JSON, such as an empty file left by a crash. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
