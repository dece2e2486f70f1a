import { proto } from "@whiskeysockets/baileys";
import { checkMedia } from "../media/decrypt.ts";
import { type MediaServer, pathOf } from "../media/media-server.ts";
import { type MediaCheck, type PhoneMessage, saveMediaCheck } from "../store/messages.ts";
import type { Store } from "../store/store.ts";
import { readMediaContent } from "./media-content.ts";

/** Reads and checks the file of each media message, once. */
export class MediaChecks {
  readonly #store: Store;
  readonly #media: MediaServer;
  readonly #running = new Map<number, Promise<MediaCheck | null>>();

  constructor({ store, media }: { store: Store; media: MediaServer }) {
    this.#store = store;
    this.#media = media;
  }

  /** The message with the result of its check; unchanged if it has no media. */
  async complete(message: PhoneMessage): Promise<PhoneMessage> {
    if (message.media || !hasMedia(message)) return message;
    let check = this.#running.get(message.seq);
    if (!check) {
      check = this.#check(message).finally(() => this.#running.delete(message.seq));
      this.#running.set(message.seq, check);
    }
    return { ...message, media: await check };
  }

  async #check({ seq, encodedMessage }: PhoneMessage): Promise<MediaCheck | null> {
    const content = readMediaContent(proto.Message.decode(encodedMessage));
    if (!content) return null;
    const { files } = this.#media;
    const check = await checkMedia(files, files.find(pathOf(content.directPath)), content);
    saveMediaCheck(this.#store, seq, check);
    return check;
  }
}

const mediaTypes = new Set(["image", "video", "ptv", "audio", "document", "sticker"]);

export function hasMedia({ type }: PhoneMessage): boolean {
  return mediaTypes.has(type);
}
