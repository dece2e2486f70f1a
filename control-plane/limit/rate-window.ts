export const windowMs = 60_000;

/** How much of a tenant's limit is used. Stored, so that a restart of the object does not reset it. */
export interface WindowState {
  startedAt: number;
  used: number;
}

export interface Taken {
  isAllowed: boolean;
  limit: number;
  remaining: number;
  /** Seconds until the window ends and the whole limit is available again. */
  resetSeconds: number;
}

/**
 * A fixed window: it begins with the first request after the previous one ended, and lasts 60 s.
 * Refused requests are not counted, so a client that keeps trying is served in the next window.
 */
export class RateWindow {
  #state: WindowState;

  constructor(state: WindowState = { startedAt: 0, used: 0 }) {
    this.#state = state;
  }

  get state(): WindowState {
    return this.#state;
  }

  take(limit: number, now: number): Taken {
    if (this.isOver(now)) this.#state = { startedAt: now, used: 0 };
    const isAllowed = this.#state.used < limit;
    if (isAllowed) this.#state.used += 1;
    return {
      isAllowed,
      limit,
      remaining: Math.max(0, limit - this.#state.used),
      resetSeconds: Math.ceil((this.#state.startedAt + windowMs - now) / 1_000),
    };
  }

  /** Also when the clock was set back: a window must not last longer than it should. */
  isOver(now: number): boolean {
    return now >= this.#state.startedAt + windowMs || now < this.#state.startedAt;
  }
}
