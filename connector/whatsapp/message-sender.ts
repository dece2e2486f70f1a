import type { AsyncLocalStorage } from "node:async_hooks";
import type { WASocket } from "@whiskeysockets/baileys";
import { LRUCache } from "lru-cache";
import type { KeyStore } from "../keys/key-store.ts";
import type { Log } from "../log/log.ts";
import {
  addressIn,
  type AddressSpace,
  addressSpaceOf,
  lidRefused,
  spaceToTry,
} from "./address-space.ts";
import type { Credentials } from "./auth-state.ts";
import { isConnectionFailure } from "./close-reason.ts";
import { decodeContent } from "./content.ts";
import { identityOf } from "./identity.ts";
import { completeIdentity } from "./lid-mapping.ts";
import { RecentRecipients } from "./patches/concurrent-sends.ts";
import { SendBarrier } from "./send-barrier.ts";

export interface OutgoingMessage {
  to: string;
  waMessageId: string;
  /** Base64 of the encoded message. */
  content: string;
  /** The stanza is written after this resolves, and not at all when it rejects. */
  intentCommitted: Promise<unknown>;
}

export interface MessageSenderOptions {
  socket: WASocket;
  currentSend: AsyncLocalStorage<SendBarrier>;
  credentials: Credentials;
  keys: KeyStore;
  log: Log;
  /** WhatsApp's acks showed which address space the account uses. */
  onAddressing: (space: AddressSpace) => void;
  /** WhatsApp accepted a message, or refused it with this code. */
  onAck: (waMessageId: string, errorCode: string | undefined) => void;
}

/** A message that was written and has no ack yet. */
interface SentMessage extends OutgoingMessage {
  address: string;
  /** The error code with which it was refused in the other address space. */
  refusedWith?: string;
}

/** A message beyond these only loses its second try. */
const maxSent = 1000;

/** Sends the messages of one connection, each in the address space that the account uses. */
export class MessageSender {
  readonly #options: MessageSenderOptions;
  readonly #recentRecipients = new RecentRecipients();
  readonly #sent = new LRUCache<string, SentMessage>({ max: maxSent });
  /** What the acks of this connection showed; only then a refusal cannot be due to the address. */
  #provenSpace: AddressSpace | undefined;

  constructor(options: MessageSenderOptions) {
    this.#options = options;
  }

  /** Encrypts a message and resolves when its stanza is written to the socket. */
  async send(message: OutgoingMessage): Promise<void> {
    const { addressing } = this.#options.credentials;
    const known = addressing && (await this.#addressIn(addressing, message.to));
    await this.#write({ ...message, address: known ?? message.to });
  }

  /**
   * Takes WhatsApp's ack. A message that was refused in the address space that the account does not
   * use is sent once more, under the same id, in the other.
   */
  acknowledge(waMessageId: string, errorCode: string | undefined): void {
    const sent = this.#sent.get(waMessageId);
    this.#sent.delete(waMessageId);
    if (sent?.refusedWith !== undefined) {
      this.#acknowledgeSecond({ ...sent, refusedWith: sent.refusedWith }, errorCode);
      return;
    }
    const space = sent && errorCode !== undefined && this.#spaceToTry(errorCode, sent.address);
    if (sent && errorCode !== undefined && space) {
      void this.#sendAgain({ ...sent, refusedWith: errorCode }, space);
    } else {
      this.#options.onAck(waMessageId, errorCode);
    }
  }

  #acknowledgeSecond(
    { waMessageId, address, refusedWith }: SentMessage & { refusedWith: string },
    errorCode: string | undefined,
  ): void {
    if (errorCode === undefined) this.#prove(addressSpaceOf(address));
    // Refused in both: the account uses phone numbers, and 463 has another reason.
    const isWrongSpace = errorCode === lidRefused;
    if (isWrongSpace) this.#prove("phone");
    this.#options.onAck(waMessageId, isWrongSpace ? refusedWith : errorCode);
  }

  #prove(space: AddressSpace | undefined): void {
    if (space === undefined) return;
    this.#provenSpace = space;
    this.#options.onAddressing(space);
  }

  #spaceToTry(errorCode: string, address: string): AddressSpace | undefined {
    if (addressSpaceOf(address) === this.#provenSpace) return undefined;
    return spaceToTry(errorCode, address);
  }

  /** Never rejects. */
  async #sendAgain(
    sent: SentMessage & { refusedWith: string },
    space: AddressSpace,
  ): Promise<void> {
    const { waMessageId, refusedWith } = sent;
    const { log, onAck } = this.#options;
    try {
      const address = await this.#addressIn(space, sent.to);
      if (address === undefined) {
        onAck(waMessageId, refusedWith);
        return;
      }
      log.info({ event: "address_corrected", waMessageId, refusedWith, space }, "sending again");
      await this.#write({ ...sent, address, intentCommitted: Promise.resolve() });
    } catch (error) {
      // After a lost connection the next one sends it again.
      if (!isConnectionFailure(error)) onAck(waMessageId, refusedWith);
    }
  }

  /** The address of the same person in this space; undefined when WhatsApp does not know it. */
  async #addressIn(space: AddressSpace, jid: string): Promise<string | undefined> {
    const given = addressSpaceOf(jid);
    if (given === undefined || given === space) return jid;
    const { keys, socket } = this.#options;
    const known = addressIn(space, await completeIdentity(identityOf(jid), keys));
    if (known !== undefined || space === "phone") return known;
    return (await socket.signalRepository.lidMapping.getLIDForPN(jid)) ?? undefined;
  }

  async #write(message: SentMessage): Promise<void> {
    const { address, waMessageId, content, intentCommitted } = message;
    const { socket, currentSend } = this.#options;
    const exclusive = !this.#recentRecipients.has(address);
    const barrier = new SendBarrier({ intentCommitted, exclusive });
    this.#sent.set(waMessageId, message);
    await currentSend.run(barrier, () =>
      socket.relayMessage(address, decodeContent(content), { messageId: waMessageId }),
    );
    barrier.assertPassed();
    this.#recentRecipients.add(address);
  }
}
