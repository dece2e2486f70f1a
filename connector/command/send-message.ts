import { LRUCache } from "lru-cache";
import type { Command } from "../../shared/command.ts";
import type { Media } from "../../shared/media.ts";
import { ApiError } from "../../shared/errors.ts";
import { uuidV7 } from "../../shared/ids.ts";
import type { Message } from "../../shared/message.ts";
import { parseRecipient } from "../../shared/recipient.ts";
import { resolveRecipient } from "../number/resolve-recipient.ts";
import type { NumberCache } from "../number/number-cache.ts";
import { waMessageIdOf } from "../session/outbox.ts";
import type { Session } from "../session/session.ts";
import type { SendItem } from "../write/write.ts";

/** A message to send now. */
export interface MessageToSend {
  /** The id that the message will have; by default a new one. */
  id?: string;
  to: string;
  type: string;
  text: string | null;
  media?: Media;
  /** The encoded WhatsApp message. */
  content: Uint8Array;
  idempotency: (Command & { type: "send_text" })["idempotency"];
}

const rememberedKeys = 10_000;

/** Sends one message. `begin_send` decides what an idempotency key was used for. */
export class SendMessage {
  readonly #numberCache: NumberCache;
  readonly #now: () => number;
  /** Idempotency keys used lately, by tenant: another request with one is probably a repeat. */
  readonly #recentKeys = new LRUCache<string, true>({ max: rememberedKeys });

  constructor(options: { numberCache: NumberCache; now: () => number }) {
    this.#numberCache = options.numberCache;
    this.#now = options.now;
  }

  async run(
    session: Session,
    outgoing: MessageToSend,
  ): Promise<{ message: Message; replayed: boolean }> {
    const recipient = parseRecipient(outgoing.to);
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
      session,
      connection,
    });
    if (resolved === undefined) {
      throw new ApiError(
        "not_on_whatsapp",
        "This number has no WhatsApp account. Check the number and its country code.",
      );
    }
    const { to, chatId, phone, lid } = resolved;
    const id = outgoing.id ?? uuidV7(this.#now());
    const isRepeat = this.#isRepeat(session.tenantId, outgoing.idempotency?.key);
    const intent: SendItem = {
      kind: "send",
      id,
      wa_message_id: waMessageIdOf(id),
      chat_id: chatId,
      phone,
      lid,
      type: outgoing.type,
      text: outgoing.text,
      content: Buffer.from(outgoing.content).toString("base64"),
      ...(outgoing.media === undefined ? {} : { media: outgoing.media }),
      ...(outgoing.idempotency === undefined
        ? {}
        : {
            idempotency_key: outgoing.idempotency.key,
            request_hash: outgoing.idempotency.request_hash,
          }),
    };
    return session.outbox.send(connection, to, intent, { isRepeat });
  }

  #isRepeat(tenantId: string, key: string | undefined): boolean {
    if (key === undefined) return false;
    const name = `${tenantId}|${key}`;
    const isKnown = this.#recentKeys.has(name);
    this.#recentKeys.set(name, true);
    return isKnown;
  }
}
