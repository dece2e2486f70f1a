import { z } from "zod";
import type { ClaimedSession } from "../../shared/database.ts";
import { type Message, messageSchema } from "../../shared/message.ts";
import { withRetry } from "../database/with-retry.ts";
import { DatabaseError, type Database } from "../database/database.ts";
import type { Log } from "../log/log.ts";
import { type Item, type KeyRow, NotWritten, type Write } from "../write/write.ts";
import type { Writer } from "../write/writer.ts";
import type { StateWrite } from "./session-state.ts";

export interface SessionStoreOptions {
  claimed: ClaimedSession;
  database: Database;
  writer: Writer;
  log: Log;
  /** Called when the database refused keys, so that those in memory differ from the stored ones. */
  onKeysRefused: () => void;
}

type OwnWrite = Omit<Write, "uid" | "epoch">;

/** The result of commit_writes for a change. */
const changeResultSchema = z.object({ failed: z.array(messageSchema) });

/** The rows of one session: writes carry the epoch of its claim. */
export class SessionStore {
  readonly #options: SessionStoreOptions;
  /** The version of the tenant's wish that was read last. */
  desiredVersion: number;
  #changes = 0;

  constructor(options: SessionStoreOptions) {
    this.#options = options;
    this.desiredVersion = options.claimed.desired_version;
  }

  /** Resolves with the results of the items once everything is committed. */
  commit(write: OwnWrite): Promise<unknown[]> {
    const { uid, epoch } = this.#options.claimed;
    return this.#options.writer.commit({ uid, epoch, ...write });
  }

  /** Stores a change of state; resolves with the messages that failed because of it. */
  async commitChange({ change, clearAuth = false }: StateWrite): Promise<Message[]> {
    this.#changes += 1;
    const numbered = { number: this.#changes, desired_version: this.desiredVersion };
    const [result] = await this.commit({
      clearAuth,
      items: [{ kind: "change", ...numbered, ...change }],
    });
    return changeResultSchema.parse(result).failed;
  }

  async commitItem(item: Item): Promise<unknown> {
    const [result] = await this.commit({ items: [item] });
    return result;
  }

  /** Keys, with the messages that belong to them. */
  async commitKeys(write: { keys: KeyRow[]; items: Item[] }): Promise<void> {
    try {
      await this.commit(write);
    } catch (error) {
      // With items it may be the message that was refused; it is delivered again, and starting
      // over from the stored keys would not help.
      const areRefused = error instanceof DatabaseError && write.items.length === 0;
      if (areRefused) this.#options.onKeysRefused();
      throw error;
    }
  }

  /** A write that nobody waits for. Never rejects; a failure is logged. */
  async write(write: OwnWrite): Promise<void> {
    try {
      await this.commit(write);
    } catch (error) {
      this.logFailure(error);
    }
  }

  /** Logs a failed write, unless the session had ended. */
  logFailure(error: unknown): void {
    if (error instanceof NotWritten) return;
    this.#options.log.error({ event: "write_failed", err: error }, "could not store a change");
  }

  /** Drops the writes that are not committed yet. */
  drop(): void {
    const { writer, claimed } = this.#options;
    writer.drop(claimed);
  }

  /** Whether a message with this id is stored, after everything written before is committed. */
  async hasMessage(waMessageId: string): Promise<boolean> {
    // Writes of a session keep their order, so an empty one is committed after all before it.
    await this.commit({});
    const { database, claimed } = this.#options;
    return withRetry((options) =>
      database.call(
        "has_message",
        { session_uid: claimed.uid, wa_message_id: waMessageId },
        options,
      ),
    );
  }

  /** The content of an outgoing message in base64. */
  contentOf(waMessageId: string): Promise<string | null> {
    const { database, claimed } = this.#options;
    return withRetry((options) =>
      database.call(
        "load_message_content",
        { session_uid: claimed.uid, wa_message_id: waMessageId },
        options,
      ),
    );
  }

  /** The received files that are not stored yet. */
  downloads(max: number) {
    const { database, claimed } = this.#options;
    return database.call("load_media_downloads", { session_uid: claimed.uid, max_files: max });
  }

  /** Has a file removed one day unless a message refers to it by then. */
  expectFile(path: string) {
    return this.#options.database.call("expect_media", { path });
  }

  /** The outgoing messages that WhatsApp never acked. */
  inFlight() {
    const { database, claimed } = this.#options;
    return withRetry((options) =>
      database.call("load_in_flight", { session_uid: claimed.uid }, options),
    );
  }
}
