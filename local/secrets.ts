import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const secretsSchema = z.object({
  jwtSecret: z.string(),
  adminKey: z.string(),
  encryptionKey: z.string(),
  commandPrivateKey: z.string(),
  commandPublicKey: z.string(),
  demoApiKey: z.string(),
});
export type Secrets = z.infer<typeof secretsSchema>;

/** Loads this installation's keys from the data directory, or creates them on the first start. */
export async function loadOrCreateSecrets(dataDir: string): Promise<Secrets> {
  const file = join(dataDir, "secrets.json");
  try {
    return secretsSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const secrets = createSecrets();
  await mkdir(dataDir, { recursive: true });
  await writeFile(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  return secrets;
}

function createSecrets(): Secrets {
  const command = generateKeyPairSync("ed25519");
  return {
    jwtSecret: randomBytes(32).toString("base64url"),
    adminKey: `admin_${randomBytes(24).toString("base64url")}`,
    encryptionKey: randomBytes(32).toString("base64"),
    commandPrivateKey: command.privateKey
      .export({ type: "pkcs8", format: "der" })
      .toString("base64"),
    commandPublicKey: command.publicKey.export({ type: "spki", format: "der" }).toString("base64"),
    demoApiKey: `sk_test_${randomBytes(24).toString("base64url")}`,
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
