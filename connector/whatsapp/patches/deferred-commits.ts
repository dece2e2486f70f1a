import { AsyncLocalStorage } from "node:async_hooks";

/**
 * Lets work on a Signal session go on when its changes can be read, and makes only its caller
 * wait until they are committed: the next message to the same device need not wait for the
 * commit of the one before, and both go in one.
 */
export class DeferredCommits {
  readonly #commits = new AsyncLocalStorage<Promise<void>[]>();

  /** Resolves when the work is done; `committed` when everything that it wrote is stored. */
  async collect<Result>(
    work: () => Promise<Result>,
  ): Promise<{ result: Result; committed: Promise<unknown> }> {
    const commits: Promise<void>[] = [];
    const result = await this.#commits.run(commits, work);
    return { result, committed: Promise.all(commits) };
  }

  /** Waits for a commit here, unless somebody collects it. */
  async settle(commit: Promise<void>): Promise<void> {
    const commits = this.#commits.getStore();
    if (commits === undefined) return commit;
    // Its collector hears of a failure; until it listens, nobody does.
    commit.catch(() => undefined);
    commits.push(commit);
  }
}
