import type { Command, CommandResult } from "../../shared/command.ts";
import type { LocatedSession } from "../../shared/database.ts";
import { ApiError } from "../../shared/errors.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { locateSession, type SessionName } from "../session/find.ts";
import { errorOfRefusal } from "./refusal.ts";
import type { CommandPoster, Connector } from "./post-command.ts";

/** How long a request waits for a session that is moving from one connector to another. */
const movingMs = 10_000;
const firstDelayMs = 100;
const maxDelayMs = 1_000;

export interface Question {
  session: SessionName;
  commandFor: (uid: string) => Command;
  timeoutMs: number;
  /** Whether doing it twice is the same as once, so that a lost answer may be asked for again. */
  repeatable: boolean;
  /** Refuses by throwing, with what is known of the session just before it is asked. */
  check: (located: LocatedSession) => void;
}

/** The way from a session's name to the connector that holds it. */
export class Connectors {
  readonly #database: DatabaseClient;
  readonly #poster: CommandPoster;
  readonly #clock: { now: () => number; sleep: (ms: number) => Promise<void> };

  constructor(parts: {
    database: DatabaseClient;
    poster: CommandPoster;
    clock: { now: () => number; sleep: (ms: number) => Promise<void> };
  }) {
    this.#database = parts.database;
    this.#poster = parts.poster;
    this.#clock = parts.clock;
  }

  /** Asks once, and goes on whatever comes of it. */
  async tell(located: LocatedSession, command: Command, timeoutMs: number): Promise<void> {
    const connector = connectorOf(located);
    if (connector !== undefined) await this.#poster.post(connector, command, timeoutMs);
  }

  /**
   * Asks the connector that has the session, and the next one when the session moved.
   * @throws ApiError with the connector's refusal, or 503 when nobody could be asked in time
   */
  async ask(question: Question): Promise<CommandResult> {
    const deadline = this.#clock.now() + movingMs;
    let delayMs = firstDelayMs;
    for (;;) {
      const located = await locateSession(this.#database, question.session);
      question.check(located);
      const connector = connectorOf(located);
      if (connector !== undefined) {
        const command = question.commandFor(located.uid);
        const outcome = await this.#poster.post(connector, command, question.timeoutMs);
        switch (outcome.kind) {
          case "result":
            return outcome.result;
          case "refused":
            throw errorOfRefusal(outcome);
          case "lost":
            if (!question.repeatable) throw lostForGood();
            break;
          case "not_owner":
            break;
        }
      }
      if (this.#clock.now() + delayMs > deadline) throw nobodyThere(connector !== undefined);
      await this.#clock.sleep(delayMs);
      delayMs = Math.min(delayMs * 1.6, maxDelayMs);
    }
  }
}

function connectorOf(located: LocatedSession): Connector | undefined {
  if (located.connector_url === null) return undefined;
  return { url: located.connector_url, instance: located.connector_instance };
}

function lostForGood(): ApiError {
  return new ApiError(
    "connector_unavailable",
    "It is not known whether this was done. Look first, then repeat; with an Idempotency-Key a repeated send is safe.",
    { retryAfterSeconds: 5 },
  );
}

function nobodyThere(asked: boolean): ApiError {
  return asked
    ? new ApiError("connector_unavailable", "Try again in a few seconds.", { retryAfterSeconds: 5 })
    : new ApiError(
        "session_unavailable",
        "No connector holds the session at the moment. Try again in a few seconds.",
        { retryAfterSeconds: 5 },
      );
}
