import type { KeyStore } from "../keys/key-store.ts";
import type { Identity } from "./identity.ts";

/** Adds the other identity of a person when an earlier message or query contained it. */
export async function completeIdentity(identity: Identity, keys: KeyStore): Promise<Identity> {
  const { phone, lid } = identity;
  if (phone !== null && lid === null) {
    const { [phone]: user } = await keys.get("lid-mapping", [phone]);
    return typeof user === "string" ? { phone, lid: `${user}@lid` } : identity;
  }
  if (phone === null && lid !== null) {
    const key = `${lid.slice(0, lid.indexOf("@"))}_reverse`;
    const { [key]: user } = await keys.get("lid-mapping", [key]);
    return typeof user === "string" ? { phone: user, lid } : identity;
  }
  return identity;
}
