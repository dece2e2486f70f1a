import { z } from "@hono/zod-openapi";
import { networkSchema } from "../../shared/session.ts";

export const keySchema = z
  .object({
    id: z.string(),
    tenant_id: z.string(),
    name: z.string(),
    network: networkSchema,
    key_prefix: z.string().openapi({ description: "The first 12 characters of the key" }),
    created_at: z.string(),
    expires_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
  })
  .openapi("ApiKey");

export const keyColumns = "id,tenant_id,name,network,key_prefix,created_at,expires_at,revoked_at";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const randomLength = 32;
const prefixLength = 12;

/** A new key: `sk_live_` or `sk_test_` and 32 random characters of 62, about 190 bits. */
export function makeKey(network: z.infer<typeof networkSchema>): {
  key: string;
  prefix: string;
} {
  let random = "";
  while (random.length < randomLength) {
    for (const byte of crypto.getRandomValues(new Uint8Array(randomLength))) {
      // 248 is the largest multiple of 62 in a byte; higher values would bias the first letters.
      if (byte < 248 && random.length < randomLength) random += alphabet.charAt(byte % 62);
    }
  }
  const key = `sk_${network === "sandbox" ? "test" : "live"}_${random}`;
  return { key, prefix: key.slice(0, prefixLength) };
}
