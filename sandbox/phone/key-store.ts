import type {
  SignalDataSet,
  SignalDataTypeMap,
  SignalKeyStoreWithTransaction,
} from "@whiskeysockets/baileys";
import { pack, type Store, unpack } from "../store/store.ts";

type KeyType = keyof SignalDataTypeMap;

/**
 * A phone's Signal keys, held in memory and written to the store with the next commit. A phone runs
 * one step at a time and a step never yields to the event loop, so a commit never falls inside a
 * step and `transaction` needs no locking or rollback.
 */
export class PhoneKeyStore implements SignalKeyStoreWithTransaction {
  readonly #store: Store;
  readonly #phone: string;
  readonly #values = new Map<string, unknown>();
  readonly #dirty = new Set<string>();
  readonly #writeDirty = () => this.#write();

  constructor(store: Store, phone: string) {
    this.#store = store;
    this.#phone = phone;
    for (const row of store.all("SELECT type, id, value FROM signal_key WHERE phone = ?", phone)) {
      this.#values.set(`${String(row["type"])}/${String(row["id"])}`, unpack(row["value"]));
    }
  }

  get<T extends KeyType>(type: T, ids: string[]): { [id: string]: SignalDataTypeMap[T] } {
    const found: { [id: string]: SignalDataTypeMap[T] } = {};
    for (const id of ids) {
      const value = this.#values.get(`${type}/${id}`);
      if (value !== undefined) found[id] = asKeyOf<T>(value);
    }
    return found;
  }

  set(data: SignalDataSet): void {
    for (const [type, entries] of Object.entries(data)) {
      for (const [id, value] of Object.entries(entries ?? {})) {
        const name = `${type}/${id}`;
        if (value === null) this.#values.delete(name);
        else this.#values.set(name, value);
        this.#dirty.add(name);
      }
    }
    if (this.#dirty.size > 0) this.#store.beforeCommit(this.#writeDirty);
  }

  isInTransaction(): boolean {
    return false;
  }

  async transaction<T>(work: () => Promise<T>): Promise<T> {
    return await work();
  }

  #write(): void {
    for (const name of this.#dirty) {
      const slash = name.indexOf("/");
      const type = name.slice(0, slash);
      const id = name.slice(slash + 1);
      const value = this.#values.get(name);
      if (value === undefined) {
        this.#store.run(
          "DELETE FROM signal_key WHERE phone = ? AND type = ? AND id = ?",
          this.#phone,
          type,
          id,
        );
      } else {
        this.#store.run(
          "INSERT OR REPLACE INTO signal_key (phone, type, id, value) VALUES (?, ?, ?, ?)",
          this.#phone,
          type,
          id,
          pack(value),
        );
      }
    }
    this.#dirty.clear();
  }
}

/** `set` guarantees that a value stored under a type has that type. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- ties the value to its type
function asKeyOf<T extends KeyType>(value: unknown): SignalDataTypeMap[T] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- guaranteed by `set`
  return value as SignalDataTypeMap[T];
}
