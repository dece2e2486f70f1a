import { AsyncLocalStorage } from "node:async_hooks";
import type { SignalKeyStoreWithTransaction } from "@whiskeysockets/baileys";

type Keys = Pick<SignalKeyStoreWithTransaction, "get" | "set" | "transaction">;

/**
 * What Baileys starts within a transaction without waiting for it goes on in there after the end,
 * where its writes are kept nowhere. So each message to one person would tell WhatsApp again that
 * the person is trusted, and forget that it did. Here what comes after the end stands alone.
 */
export function detachLateWrites(keys: Partial<Keys>): void {
  const { get, set, transaction } = keys;
  if (get === undefined || set === undefined || transaction === undefined) return;
  const running = new AsyncLocalStorage<{ ended: boolean }>();
  const outside = AsyncLocalStorage.snapshot();
  const isLeft = () => running.getStore()?.ended === true;

  keys.get = (type, ids) => (isLeft() ? outside(() => get(type, ids)) : get(type, ids));
  keys.set = (data) => (isLeft() ? outside(() => set(data)) : set(data));
  keys.transaction = async (work, key) => {
    if (running.getStore()?.ended === false) return transaction(work, key);
    const scope = { ended: false };
    const open = () => running.run(scope, () => transaction(work, key));
    try {
      return await (isLeft() ? outside(open) : open());
    } finally {
      scope.ended = true;
    }
  };
}
