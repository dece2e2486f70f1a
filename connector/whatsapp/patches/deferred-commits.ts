// Baileys waits for each key write where it makes it; here the caller of a whole step waits.
import { AsyncLocalStorage } from "node:async_hooks";

/**
 * A written key can be read at once, before it is committed. So work on a Signal session goes on,
 * the next message for the same device need not wait for the commit of the one before, and both
 * are committed in one transaction.
 */
export class DeferredCommits {
  readonly #collecting = new AsyncLocalStorage<Promise<void>[]>();

  /** Resolves when the work is done; `committed` when everything that it wrote is stored. */
  async collect<Result>(
    work: () => Promise<Result>,
  ): Promise<{ result: Result; committed: Promise<unknown> }> {
    const commits: Promise<void>[] = [];
    const result = await this.#collecting.run(commits, work);
    return { result, committed: Promise.all(commits) };
  }

  /** Leaves the commit to a surrounding collect(); waits for it here when there is none. */
  async deferOrWait(commit: Promise<void>): Promise<void> {
    const commits = this.#collecting.getStore();
    if (commits === undefined) return commit;
    commit.catch(() => undefined); // Avoids an unhandled rejection; the collector awaits it later.
    commits.push(commit);
  }
}
