import {
  type AuthenticationCreds,
  initAuthCreds,
  proto,
  type SignalDataSet,
  type SignalDataTypeMap,
  type SignalKeyStore,
} from "@whiskeysockets/baileys";
import { z } from "zod";
import type { KeyChanges, KeyStore } from "../keys/key-store.ts";
import type { MessageItem } from "../write/write.ts";
import { type Identity, identityOf } from "./identity.ts";
import type { DeferredCommits } from "./patches/deferred-commits.ts";
import { messageItemType } from "./patches/signal-repository.ts";

export type Credentials = AuthenticationCreds;

const messageItemSchema = z.custom<MessageItem>();

export function newCredentials(): Credentials {
  return initAuthCreds();
}

/** What was stored of a device; the cipher vouches that this connector's own code wrote it. */
export const credentialsSchema = z.custom<Credentials>(
  (stored) => typeof stored === "object" && stored !== null && "noiseKey" in stored,
);

/** Not by `registered`: only a pairing by code sets that. */
export function isPaired(credentials: Credentials): boolean {
  return credentials.me !== undefined && credentials.account !== undefined;
}

export function ownIdentity({ me }: Credentials): Identity {
  return identityOf(me?.id, me?.lid);
}

/** A session's keys in the shape that Baileys takes. */
export function signalKeyStore(
  store: KeyStore,
  {
    commits,
    beforeRead,
  }: { commits: DeferredCommits; beforeRead: (type: string) => Promise<void> },
): SignalKeyStore {
  return {
    get: async (type, ids) => {
      await beforeRead(type);
      return typed(type, await store.get(type, ids));
    },
    set: async (data) => {
      const { [messageItemType]: messages, ...changes } = changesOf(data);
      const items = Object.values(messages ?? {}).map((item) => messageItemSchema.parse(item));
      await commits.settle(store.set(changes, items));
    },
  };
}

/** The store gives back the values that Baileys put in under this type. */
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

function changesOf(data: SignalDataSet): KeyChanges {
  return { ...data };
}
