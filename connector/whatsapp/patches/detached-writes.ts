// Baileys loses key writes that it makes after their transaction ended; here they are stored.
import { AsyncLocalStorage } from "node:async_hooks";
import type { SignalKeyStoreWithTransaction } from "@whiskeysockets/baileys";

type Keys = Pick<SignalKeyStoreWithTransaction, "get" | "set" | "transaction">;

/**
 * Work that Baileys starts within a transaction and does not await still runs in the context of
 * that transaction after its end, where writes go nowhere. So the privacy token that it issues
 * after a message was forgotten, and issued again with the next one. Here such work runs outside
 * of the ended transaction.
 */
export function detachLateWrites(keys: Partial<Keys>): void {
  const { get, set, transaction } = keys;
  if (get === undefined || set === undefined || transaction === undefined) {
    throw new Error("The key store has no transactions");
  }
  const current = new AsyncLocalStorage<{ ended: boolean }>();
  const outsideTransaction = AsyncLocalStorage.snapshot();
  const hasEnded = () => current.getStore()?.ended === true;

  keys.get = (type, ids) =>
    hasEnded() ? outsideTransaction(() => get(type, ids)) : get(type, ids);
  keys.set = (data) => (hasEnded() ? outsideTransaction(() => set(data)) : set(data));
  keys.transaction = async (work, key) => {
    if (current.getStore()?.ended === false) return transaction(work, key);
    const scope = { ended: false };
    const begin = () => current.run(scope, () => transaction(work, key));
    try {
      return await (hasEnded() ? outsideTransaction(begin) : begin());
    } finally {
      scope.ended = true;
    }
  };
}
