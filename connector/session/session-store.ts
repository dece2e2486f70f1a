import type { ClaimedSession } from "../../shared/database.ts";
import { withRetry } from "../database/with-retry.ts";
import { DatabaseError, type Supabase } from "../database/database.ts";
import type { Log } from "../log/log.ts";
import { type ChangeItem, type Item, type KeyRow, NotWritten, type Write } from "../write/write.ts";
import type { Writer } from "../write/writer.ts";

export interface SessionStoreOptions {
  claimed: ClaimedSession;
  supabase: Supabase;
  writer: Writer;
  log: Log;
  /** The database refused keys of this session, which from now on has others in memory. */
  onKeysRefused: () => void;
}

type OwnWrite = Omit<Write, "uid" | "epoch">;

/** What the database keeps of one session: written under its claim, and read. */
export class SessionStore {
  readonly #options: SessionStoreOptions;

  constructor(options: SessionStoreOptions) {
    this.#options = options;
  }

  /** Resolves with the results of the items once everything is committed. */
  commit(write: OwnWrite): Promise<unknown[]> {
    const { uid, epoch } = this.#options.claimed;
    return this.#options.writer.commit({ uid, epoch, ...write });
  }

  async commitItem(item: Item): Promise<unknown> {
    const [result] = await this.commit({ items: [item] });
    return result;
  }

  /** Keys, with the messages that belong with them. */
  async commitKeys(write: { keys: KeyRow[]; items: Item[] }): Promise<void> {
    try {
      await this.commit(write);
    } catch (error) {
      // It may be the message that cannot be stored. It comes again: to begin anew would not help.
      const areRefused = error instanceof DatabaseError && write.items.length === 0;
      if (areRefused) this.#options.onKeysRefused();
      throw error;
    }
  }

  /** For what nobody waits for; never rejects, because it says itself what failed. */
  async write(write: OwnWrite): Promise<void> {
    try {
      await this.commit(write);
    } catch (error) {
      this.failed(error);
    }
  }

  change(change: Omit<ChangeItem, "kind">): Promise<void> {
    return this.write({ items: [{ kind: "change", ...change }] });
  }

  /** Says that something was not written, unless it was not to be written any more. */
  failed(error: unknown): void {
    if (error instanceof NotWritten) return;
    this.#options.log.error({ event: "not_written", err: error }, "a change could not be written");
  }

  /** Gives up what is not committed yet. */
  drop(): void {
    this.#options.writer.drop(this.#options.claimed.uid);
  }

  /** Whether a message of this id is stored; what was written before is waited for. */
  async hasMessage(waMessageId: string): Promise<boolean> {
    // Writes of a session keep their order: what it wrote before is committed after this.
    await this.commit({});
    const { supabase, claimed } = this.#options;
    const found = await withRetry((signal) =>
      supabase
        .from("message_resources")
        .select("id")
        .eq("session_uid", claimed.uid)
        .eq("wa_message_id", waMessageId)
        .limit(1)
        .abortSignal(signal),
    );
    return (found ?? []).length > 0;
  }

  /** The base64 of a message that was sent. */
  contentOf(waMessageId: string): Promise<string | null> {
    const { supabase, claimed } = this.#options;
    return withRetry((signal) =>
      supabase
        .rpc("load_message_content", { session_uid: claimed.uid, wa_message_id: waMessageId })
        .abortSignal(signal),
    );
  }

  /** What was to be sent and never got WhatsApp's answer. */
  async inFlight() {
    const { supabase, claimed } = this.#options;
    const rows = await withRetry((signal) =>
      supabase.rpc("load_in_flight", { session_uid: claimed.uid }).abortSignal(signal),
    );
    return rows ?? [];
  }
}
