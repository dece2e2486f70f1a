type Taker<T> = (value: T) => boolean;

/** Events in the order they came, each to be awaited once, whether it came already or not. */
export class EventLog<Events extends object> {
  readonly #events: { [N in keyof Events]?: Events[N][] } = {};
  readonly #takers: { [N in keyof Events]?: Taker<Events[N]>[] } = {};

  add<N extends keyof Events>(name: N, value: Events[N]): void {
    const takers = this.#takers[name] ?? [];
    const index = takers.findIndex((take) => take(value));
    if (index >= 0) {
      takers.splice(index, 1);
      return;
    }
    const events: Events[N][] = this.#events[name] ?? [];
    events.push(value);
    this.#events[name] = events;
  }

  /** What `pick` finds in the first event of this name in which it finds something. */
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
      const takers: Taker<Events[N]>[] = this.#takers[name] ?? [];
      takers.push((value) => {
        const found = pick(value);
        if (found) resolve(found);
        return Boolean(found);
      });
      this.#takers[name] = takers;
    });
  }
}
