import { readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { CannotStart } from "./cannot-start.ts";
import { isLocked } from "./data-directory.ts";

/** Where everything is and the keys to it: the line that `npm start -- --json` prints. */
const addressesSchema = z.object({
  apiUrl: z.string(),
  adminKey: z.string(),
  tenantId: z.string(),
  apiKey: z.string(),
  supabaseUrl: z.string(),
  supabaseAnonKey: z.string().nullable(),
  supabaseServiceKey: z.string(),
  databaseUrl: z.string().nullable(),
  sandboxUrl: z.string().nullable(),
  connectorUrls: z.array(z.string()),
});
export type Addresses = z.infer<typeof addressesSchema>;

const fileName = "addresses.json";

/** Writes where everything is, for `npm start -- --info`. Removed when the product stops. */
export async function writeAddresses(dataDir: string, addresses: Addresses): Promise<void> {
  await writeFile(join(dataDir, fileName), JSON.stringify(addresses), { mode: 0o600 });
}

export async function removeAddresses(dataDir: string): Promise<void> {
  await rm(join(dataDir, fileName), { force: true });
}

/**
 * Returns where everything is that runs on this data directory.
 * @throws CannotStart if nothing runs there, or it has not finished starting.
 */
export async function readAddresses(dataDir: string): Promise<Addresses> {
  const path = resolve(dataDir);
  if (!(await isLocked(path))) {
    throw new CannotStart(`Nothing runs on ${path}. Start it: npm start`);
  }
  try {
    return addressesSchema.parse(JSON.parse(await readFile(join(path, fileName), "utf8")));
  } catch (cause) {
    throw new CannotStart(`It is still starting, or stopping, on ${path}. Try again shortly.`, {
      cause,
    });
  }
}
