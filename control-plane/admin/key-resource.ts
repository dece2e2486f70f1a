import { z } from "@hono/zod-openapi";
import { networkSchema } from "../../shared/session.ts";

export const keySchema = z
  .object({
    id: z.string(),
    tenant_id: z.string(),
    name: z.string(),
    network: networkSchema,
    hint: z.string().openapi({ description: "How the key begins, to tell keys apart" }),
    created_at: z.string(),
    expires_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
  })
  .openapi("ApiKey");

export const keyColumns = "id,tenant_id,name,network,hint,created_at,expires_at,revoked_at";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const randomLength = 32;
const hintLength = 12;

/** A new key: 32 characters of 62, about 190 bits, behind the prefix of its network. */
export function makeKey(network: z.infer<typeof networkSchema>): { key: string; hint: string } {
  let random = "";
  while (random.length < randomLength) {
    for (const byte of crypto.getRandomValues(new Uint8Array(randomLength))) {
      // 248 is the last multiple of 62: beyond it, the first letters would be likelier.
      if (byte < 248 && random.length < randomLength) random += alphabet.charAt(byte % 62);
    }
  }
  const key = `sk_${network === "sandbox" ? "test" : "live"}_${random}`;
  return { key, hint: key.slice(0, hintLength) };
}
