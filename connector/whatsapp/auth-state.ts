import {
  type AuthenticationCreds,
  initAuthCreds,
  proto,
  type SignalDataTypeMap,
  type SignalKeyStore,
} from "@whiskeysockets/baileys";
import { z } from "zod";
import type { KeyStore } from "../keys/key-store.ts";
import type { AddressSpace } from "./address-space.ts";
import { type Identity, identityOf } from "./identity.ts";
import type { DeferredCommits } from "./patches/deferred-commits.ts";
import { splitReceivedMessages } from "./patches/received-message-key.ts";

export type Credentials = AuthenticationCreds & {
  /** The address space of the account's direct chats, once known. */
  addressing?: AddressSpace;
};

export function newCredentials(): Credentials {
  return initAuthCreds();
}

/** Stored credentials. They were decrypted, so this connector's own code wrote them. */
export const credentialsSchema = z.custom<Credentials>(
  (stored) => typeof stored === "object" && stored !== null && "noiseKey" in stored,
);

/** Not `registered`: only a pairing by code sets that. */
export function isPaired(credentials: Credentials): boolean {
  return credentials.me !== undefined && credentials.account !== undefined;
}

export function ownIdentity({ me }: Credentials): Identity {
  return identityOf(me?.id, me?.lid);
}

/** The keys of a session in the shape that Baileys takes. */
export function signalKeyStore(
  store: Pick<KeyStore, "get" | "set">,
  commits: DeferredCommits,
): SignalKeyStore {
  return {
    get: async (type, ids) => typed(type, await store.get(type, ids)),
    set: async (data) => {
      const { keys, messages } = splitReceivedMessages(data);
      await commits.deferOrWait(store.set(keys, messages));
    },
  };
}

/** The store returns the values that Baileys wrote under this type. */
function typed<Type extends keyof SignalDataTypeMap>(
  type: Type,
  values: Record<string, unknown>,
): Record<string, SignalDataTypeMap[Type]> {
  if (type === "app-state-sync-key") {
    for (const [id, value] of Object.entries(values)) {
      values[id] = proto.Message.AppStateSyncKeyData.fromObject(z.looseObject({}).parse(value));
    }
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return values as Record<string, SignalDataTypeMap[Type]>;
}
