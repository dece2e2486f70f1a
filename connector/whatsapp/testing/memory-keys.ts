import { randomBytes } from "node:crypto";
import { SessionCipher } from "../../keys/cipher.ts";
import { KeyStore } from "../../keys/key-store.ts";
import type { Item, KeyRow } from "../../write/write.ts";

export interface Commit {
  keys: KeyRow[];
  items: Item[];
}

/** A key store over memory that records its calls, in order. */
export class MemoryKeys extends KeyStore {
  readonly commits: Commit[];
  /** `get tctoken`, `set session`, … in the order of the calls. */
  readonly calls: string[] = [];
  /** Waited for before a read of this type reaches the cache or the rows. */
  beforeGet: (type: string) => Promise<unknown> | undefined = () => undefined;
  /** Waited for after a read of this type, before its caller gets the values. */
  afterGet: (type: string) => Promise<unknown> | undefined = () => undefined;
  /** Waited for before a commit is made. */
  beforeCommit: (commit: Commit) => Promise<unknown> | undefined;

  constructor() {
    const rows = new Map<string, string | null>();
    const commits: Commit[] = [];
    super({
      cipher: new SessionCipher({ current: randomBytes(32) }, "session"),
      limit: 1000,
      empty: false,
      load: async (type, ids) =>
        ids.flatMap((id) => {
          const ciphertext = rows.get(`${type}|${id}`);
          return ciphertext ? [{ id, ciphertext }] : [];
        }),
      commit: async (commit) => {
        await this.beforeCommit(commit);
        for (const { type, id, ciphertext } of commit.keys) rows.set(`${type}|${id}`, ciphertext);
        commits.push(commit);
      },
    });
    this.commits = commits;
    this.beforeCommit = () => undefined;
  }

  override async get(type: string, ids: readonly string[]): Promise<Record<string, unknown>> {
    this.calls.push(`get ${type}`);
    await this.beforeGet(type);
    const values = await super.get(type, ids);
    await this.afterGet(type);
    return values;
  }

  override async set(...write: Parameters<KeyStore["set"]>): Promise<void> {
    for (const type of Object.keys(write[0])) this.calls.push(`set ${type}`);
    return super.set(...write);
  }
}
