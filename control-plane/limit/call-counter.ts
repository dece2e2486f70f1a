const hourMs = 3_600_000;

/** API calls of one hour. The database adds each batch once, however often it is sent. */
export interface CallBatch {
  batch: string;
  hour: string;
  calls: number;
}

export interface CounterState {
  open: { hourMs: number; calls: number } | undefined;
  closed: CallBatch[];
}

/** Counts API calls until they are stored in the database. */
export class CallCounter {
  readonly #state: CounterState;

  constructor(state: CounterState = { open: undefined, closed: [] }) {
    this.#state = state;
  }

  get state(): CounterState {
    return this.#state;
  }

  get isEmpty(): boolean {
    return this.#state.open === undefined && this.#state.closed.length === 0;
  }

  add(now: number): void {
    const hour = Math.floor(now / hourMs) * hourMs;
    if (this.#state.open !== undefined && this.#state.open.hourMs !== hour) this.#close();
    this.#state.open ??= { hourMs: hour, calls: 0 };
    this.#state.open.calls += 1;
  }

  /** What is to be stored. A batch that was handed out stays as it is until it is confirmed. */
  batches(): readonly CallBatch[] {
    if (this.#state.closed.length === 0) this.#close();
    return [...this.#state.closed];
  }

  confirm(stored: CallBatch): void {
    this.#state.closed = this.#state.closed.filter(({ batch }) => batch !== stored.batch);
  }

  #close(): void {
    const { open } = this.#state;
    if (open === undefined) return;
    this.#state.closed.push({
      batch: crypto.randomUUID(),
      hour: new Date(open.hourMs).toISOString(),
      calls: open.calls,
    });
    this.#state.open = undefined;
  }
}
