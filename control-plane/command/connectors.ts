import type { Command, CommandResult } from "../../shared/command.ts";
import type { LocatedSession } from "../../shared/database.ts";
import { ApiError } from "../../shared/errors.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { locateSession, type SessionName } from "../locate/session.ts";
import type { CommandClient, Connector } from "./command-client.ts";
import { toApiError } from "./to-api-error.ts";

/** How long a request waits for a session that is moving from one connector to another. */
const moveTimeoutMs = 10_000;
const firstDelayMs = 100;
const maxDelayMs = 1_000;

export interface CommandRequest {
  session: SessionName;
  commandFor: (uid: string) => Command;
  timeoutMs: number;
  /** Whether the command is sent again when the connector's response is lost. */
  idempotent: boolean;
  /** Throws when the session's current state does not allow the command. */
  check: (located: LocatedSession) => void;
}

/** Sends commands to the connector that owns a session. */
export class Connectors {
  readonly #database: DatabaseClient;
  readonly #client: CommandClient;
  readonly #clock: { now: () => number; sleep: (ms: number) => Promise<void> };

  constructor(deps: {
    database: DatabaseClient;
    client: CommandClient;
    clock: { now: () => number; sleep: (ms: number) => Promise<void> };
  }) {
    this.#database = deps.database;
    this.#client = deps.client;
    this.#clock = deps.clock;
  }

  /** Sends a command once, if the session has an owner, and ignores the outcome. */
  async sendOnce(located: LocatedSession, command: Command, timeoutMs: number): Promise<void> {
    const connector = ownerOf(located);
    if (connector !== undefined) await this.#client.post(connector, command, timeoutMs);
  }

  /**
   * Sends a command to the session's owner, and to the next owner when the session has moved.
   * @throws ApiError with the connector's error, or 503 when no owner answered in time
   */
  async sendCommand(request: CommandRequest): Promise<CommandResult> {
    const deadline = this.#clock.now() + moveTimeoutMs;
    let delayMs = firstDelayMs;
    for (;;) {
      const located = await locateSession(this.#database, request.session);
      request.check(located);
      const connector = ownerOf(located);
      if (connector !== undefined) {
        const command = request.commandFor(located.uid);
        const outcome = await this.#client.post(connector, command, request.timeoutMs);
        switch (outcome.kind) {
          case "result":
            return outcome.result;
          case "failure":
            throw toApiError(outcome);
          case "no_response":
            if (!request.idempotent) throw unknownOutcomeError();
            break;
          case "not_owner":
            break;
        }
      }
      if (this.#clock.now() + delayMs > deadline) throw unavailableError(connector);
      await this.#clock.sleep(delayMs);
      delayMs = Math.min(delayMs * 1.6, maxDelayMs);
    }
  }
}

function ownerOf(located: LocatedSession): Connector | undefined {
  if (located.connector_url === null) return undefined;
  return { url: located.connector_url, instance: located.connector_instance };
}

function unknownOutcomeError(): ApiError {
  return new ApiError(
    "connector_unavailable",
    "The connector did not respond, so the request may or may not have been carried out. Check before you repeat it; with an Idempotency-Key a send can be repeated safely.",
    { retryAfterSeconds: 5 },
  );
}

function unavailableError(connector: Connector | undefined): ApiError {
  return connector === undefined
    ? new ApiError(
        "session_unavailable",
        "No connector holds the session at the moment. Try again in a few seconds.",
        { retryAfterSeconds: 5 },
      )
    : new ApiError(
        "connector_unavailable",
        "The connector did not respond. Try again in a few seconds.",
        { retryAfterSeconds: 5 },
      );
}
