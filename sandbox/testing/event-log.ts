/** Returns whether it consumed the value. */
type Waiter<T> = (value: T) => boolean;

/** Events in order of arrival. Each is returned once by `next`, whether it arrives before or after. */
export class EventLog<Events extends object> {
  readonly #events: { [N in keyof Events]?: Events[N][] } = {};
  readonly #waiters: { [N in keyof Events]?: Waiter<Events[N]>[] } = {};

  add<N extends keyof Events>(name: N, value: Events[N]): void {
    const waiters = this.#waiters[name] ?? [];
    const index = waiters.findIndex((consume) => consume(value));
    if (index >= 0) {
      waiters.splice(index, 1);
      return;
    }
    const events: Events[N][] = this.#events[name] ?? [];
    events.push(value);
    this.#events[name] = events;
  }

  /** Waits for an event for which `pick` returns a truthy value, and returns that value. */
  next<N extends keyof Events, R>(
    name: N,
    pick: (value: Events[N]) => R | undefined | null | false,
  ): Promise<R> {
    const events: Events[N][] = this.#events[name] ?? [];
    for (const [index, value] of events.entries()) {
      const found = pick(value);
      if (found) {
        events.splice(index, 1);
        return Promise.resolve(found);
      }
    }
    return new Promise((resolve) => {
      const waiters: Waiter<Events[N]>[] = this.#waiters[name] ?? [];
      waiters.push((value) => {
        const found = pick(value);
        if (found) resolve(found);
        return Boolean(found);
      });
      this.#waiters[name] = waiters;
    });
  }
}
