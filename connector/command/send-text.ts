import type { Command } from "../../shared/command.ts";
import { ApiError } from "../../shared/errors.ts";
import { uuidV7 } from "../../shared/ids.ts";
import type { Message } from "../../shared/message.ts";
import { parseRecipient } from "../../shared/recipient.ts";
import type { Database } from "../database/database.ts";
import { resolveRecipient } from "../number/resolve-recipient.ts";
import type { NumberCache } from "../number/number-cache.ts";
import { waMessageIdOf } from "../session/outbox.ts";
import type { Session } from "../session/session.ts";
import { encodeText } from "../whatsapp/content.ts";

type SendTextCommand = Command & { type: "send_text" };
interface Sent {
  message: Message;
  replayed: boolean;
}

/** Sends one text, once for an idempotency key. */
export class SendText {
  readonly #database: Database;
  readonly #numberCache: NumberCache;
  readonly #now: () => number;
  /** Requests under way by tenant and idempotency key. */
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(options: { database: Database; numberCache: NumberCache; now: () => number }) {
    this.#database = options.database;
    this.#numberCache = options.numberCache;
    this.#now = options.now;
  }

  async run(session: Session, command: SendTextCommand): Promise<Sent> {
    const { idempotency } = command;
    if (idempotency === undefined) return this.#send(session, command);

    const key = `${session.tenantId}|${idempotency.key}`;
    const before = this.#running.get(key) ?? Promise.resolve();
    const sending = before.then(async () => {
      const known = await this.#findSent(session, idempotency);
      return known ?? this.#send(session, command);
    });
    const settled = sending.catch(() => undefined);
    this.#running.set(key, settled);
    try {
      return await sending;
    } finally {
      if (this.#running.get(key) === settled) this.#running.delete(key);
    }
  }

  async #findSent(
    session: Session,
    { key, request_hash }: { key: string; request_hash: string },
  ): Promise<Sent | undefined> {
    const known = await this.#database.call("find_idempotent", {
      tenant_id: session.tenantId,
      key,
    });
    if (known === null) return undefined;
    if (known.request_hash === request_hash) return { message: known.message, replayed: true };
    throw new ApiError(
      "idempotency_mismatch",
      "This Idempotency-Key was used before with another body. Use a new key for another message.",
    );
  }

  async #send(session: Session, command: SendTextCommand): Promise<Sent> {
    const recipient = parseRecipient(command.to);
    if (recipient === undefined) {
      throw new ApiError("invalid_request", "`to` is not a valid recipient.", {
        errors: [
          {
            field: "to",
            detail: "Must be a phone number with its country code, or a @lid or @g.us address.",
          },
        ],
      });
    }
    const connection = session.requireConnection();
    const resolved = await resolveRecipient(recipient, {
      numberCache: this.#numberCache,
      network: session.network,
      connection,
    });
    if (resolved === undefined) {
      throw new ApiError(
        "not_on_whatsapp",
        "This number has no WhatsApp account. Check the number and its country code.",
      );
    }
    const { to, chatId, phone, lid } = resolved;
    const id = uuidV7(this.#now());
    return session.send(to, {
      kind: "send",
      id,
      wa_message_id: waMessageIdOf(id),
      chat_id: chatId,
      phone,
      lid,
      type: "text",
      text: command.text,
      content: Buffer.from(encodeText(command.text)).toString("base64"),
      ...(command.idempotency === undefined
        ? {}
        : {
            idempotency_key: command.idempotency.key,
            request_hash: command.idempotency.request_hash,
          }),
    });
  }
}
