import type { Command, CommandResult } from "../../shared/command.ts";
import type { LocatedSession } from "../../shared/database.ts";
import type { MediaKind, StoredUpload } from "../../shared/media.ts";
import { ApiError } from "../../shared/errors.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { unwrapFirst } from "../database/unwrap.ts";
import { locateSession, type SessionName } from "../locate/session.ts";
import type { CommandClient, Connector } from "./command-client.ts";
import { OwnerCache } from "./owner-cache.ts";
import { toApiError } from "./to-api-error.ts";

/**
 * How long a request waits for a session that is moving to another connector. Longer than a lease:
 * only when it expires can the sessions of a connector that died be claimed.
 */
const moveTimeoutMs = 20_000;
/** For the whole body, as fast as the client sends it. */
const uploadTimeoutMs = 30 * 60_000;
const probeTimeoutMs = 2_000;
const firstDelayMs = 100;
const maxDelayMs = 1_000;

export interface CommandRequest {
  session: SessionName;
  commandFor: (uid: string) => Command;
  timeoutMs: number;
  /** Whether the command is sent again when the connector's response is lost. */
  idempotent: boolean;
  /** Whether a cached owner will do: a send is refused by any connector but the owner. */
  isSend?: boolean;
  /** Throws when the session's current state does not allow the command. */
  check: (located: LocatedSession) => void;
}

export interface UploadRequest extends Pick<CommandRequest, "session" | "check"> {
  kind: MediaKind;
  idempotencyKey: string | undefined;
  /** JSON or multipart/form-data, as the client sends it. */
  body: ReadableStream | null;
  contentType: string;
}

/** Sends commands to the connector that owns a session. */
export class Connectors {
  readonly #database: DatabaseClient;
  readonly #client: CommandClient;
  readonly #owners: OwnerCache;
  readonly #clock: { now: () => number; sleep: (ms: number) => Promise<void> };

  constructor(deps: {
    database: DatabaseClient;
    client: CommandClient;
    clock: { now: () => number; sleep: (ms: number) => Promise<void> };
  }) {
    this.#database = deps.database;
    this.#client = deps.client;
    this.#clock = deps.clock;
    this.#owners = new OwnerCache(deps.clock.now);
  }

  /** Sends a command once, if the session has an owner, and ignores the outcome. */
  async sendOnce(located: LocatedSession, command: Command, timeoutMs: number): Promise<void> {
    const connector = ownerOf(located);
    const { epoch } = located;
    if (connector !== undefined) await this.#client.post(connector, command, { epoch, timeoutMs });
  }

  /**
   * Sends a command to the session's owner. A session that is moving, or whose owner is stopping,
   * gets a new owner soon: the command waits for it.
   * @throws ApiError with the connector's error, or 503 when no owner answered in time
   */
  async sendCommand(request: CommandRequest): Promise<CommandResult> {
    const deadline = this.#clock.now() + moveTimeoutMs;
    let delayMs = firstDelayMs;
    for (;;) {
      const { located, isCached } = await this.#locate(request);
      request.check(located);
      const connector = ownerOf(located);
      let error: Error = unavailableError(connector);
      if (connector !== undefined) {
        const command = request.commandFor(located.uid);
        const outcome = await this.#client.post(connector, command, {
          epoch: located.epoch,
          timeoutMs: request.timeoutMs,
        });
        if (outcome.kind === "result") return outcome.result;
        this.#owners.delete(request.session);
        switch (outcome.kind) {
          case "failure":
            error = toApiError(outcome);
            if (!isWorthWaiting(outcome.code, request)) throw error;
            break;
          case "no_response":
            if (!request.idempotent) throw unknownOutcomeError();
            break;
          case "not_owner":
            if (isCached) continue;
            break;
        }
      }
      if (this.#clock.now() + delayMs > deadline) throw error;
      await this.#clock.sleep(delayMs);
      delayMs = Math.min(delayMs * 1.6, maxDelayMs);
    }
  }

  /**
   * Has the session's owner store the file of a request. A body can be passed on only once, so this
   * waits until the owner responds before it begins.
   * @throws ApiError with the connector's error, or 503; nothing was sent then
   */
  async upload(request: UploadRequest): Promise<StoredUpload> {
    const { session, kind, idempotencyKey } = request;
    const connector = await this.#liveOwner(request);
    const query = {
      tenant_id: session.tenantId,
      session_id: session.sessionId,
      kind,
      ...(idempotencyKey === undefined ? {} : { idempotency_key: idempotencyKey }),
    };
    const outcome = await this.#client.upload(connector, query, {
      body: request.body,
      contentType: request.contentType,
      timeoutMs: uploadTimeoutMs,
    });
    if (outcome.kind === "result" && outcome.result.type === "upload") return outcome.result.upload;
    if (outcome.kind === "failure") throw toApiError(outcome);
    throw unavailableError(connector);
  }

  async #liveOwner({ session, check }: UploadRequest): Promise<Connector> {
    const deadline = this.#clock.now() + moveTimeoutMs;
    for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 1.6, maxDelayMs)) {
      const located = await locateSession(this.#database, session);
      check(located);
      const connector = ownerOf(located);
      if (connector !== undefined && (await this.#client.isAlive(connector, probeTimeoutMs))) {
        return connector;
      }
      // Any connector can store a file, and a session that is not to be connected gets no owner.
      if (connector === undefined) {
        const other = await this.#anyConnector();
        if (other !== undefined) return other;
      }
      if (this.#clock.now() + delayMs > deadline) throw unavailableError(connector);
      await this.#clock.sleep(delayMs);
    }
  }

  async #anyConnector(): Promise<Connector | undefined> {
    return unwrapFirst(
      this.#database
        .from("connectors")
        .select("url,instance")
        .gt("lease_expires_at", new Date(this.#clock.now()).toISOString())
        .eq("draining", false)
        .limit(1),
    );
  }

  async #locate({ session, isSend }: CommandRequest) {
    const cached = isSend ? this.#owners.get(session) : undefined;
    if (cached !== undefined) return { located: cached, isCached: true };
    const located = await locateSession(this.#database, session);
    this.#owners.set(session, located);
    return { located, isCached: false };
  }
}

/**
 * With `session_unavailable` nothing was sent: the session is reconnecting or its connector gives it
 * up. With `connector_unavailable` it may have been, so only a command that can be repeated waits.
 */
function isWorthWaiting(code: string, { idempotent }: CommandRequest): boolean {
  return code === "session_unavailable" || (code === "connector_unavailable" && idempotent);
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
