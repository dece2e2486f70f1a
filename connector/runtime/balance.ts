import type { Database } from "../database/database.ts";
import type { Log } from "../log/log.ts";
import type { Session } from "../session/session.ts";
import type { Timing } from "../timing.ts";

/** At a time, so that a connector that joins is not flooded with logins. */
const movesAtOnce = 5;
const requestTimeoutMs = 10_000;

export interface BalanceOptions {
  database: Database;
  connectorId: string;
  timing: Timing;
  log: Log;
  sessions: Map<string, Session>;
}

/** Hands sessions over to connectors that have fewer, a few at a time. */
export class Balance {
  readonly #options: BalanceOptions;
  #nextAt = 0;

  constructor(options: BalanceOptions) {
    this.#options = options;
    this.#nextAt = performance.now() + options.timing.balanceEveryMs;
  }

  /** Does one step when it is time for one. */
  async step(): Promise<void> {
    const { database, connectorId, timing, sessions } = this.#options;
    if (performance.now() < this.#nextAt) return;
    this.#nextAt = performance.now() + timing.balanceEveryMs;
    const plan = await database.call(
      "plan_hand_over",
      { connector_id: connectorId },
      { timeoutMs: requestTimeoutMs },
    );
    if (plan === null) return;
    const chosen = [...sessions.values()]
      .filter((session) => session.mayMove)
      .slice(0, Math.min(plan.sessions, movesAtOnce));
    const moves = chosen.map((session) => this.#move(session, plan.connector_id));
    const moved = (await Promise.all(moves)).filter((isMoved) => isMoved).length;
    // The rest goes with the next poll.
    if (moved > 0 && plan.sessions > moved) this.#nextAt = 0;
  }

  /** A session that could not be released is found, and released, by the next poll. */
  async #move(session: Session, to: string): Promise<boolean> {
    const { database, connectorId, log, sessions } = this.#options;
    const { uid, epoch } = session;
    try {
      if (!(await session.moveAway())) return false;
      log.info({ event: "moved", uid, to }, "handed a session over");
      return await database.call(
        "hand_over_session",
        { connector_id: connectorId, session_uid: uid, epoch, to_connector: to },
        { timeoutMs: requestTimeoutMs },
      );
    } catch (error) {
      log.warn({ event: "move_failed", uid, err: error }, "could not hand a session over");
      return false;
    } finally {
      if (session.hasEnded && sessions.get(uid) === session) sessions.delete(uid);
    }
  }
}
