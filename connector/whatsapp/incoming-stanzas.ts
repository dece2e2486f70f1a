import type { BinaryNode } from "@whiskeysockets/baileys";
import type { StanzaEmitter } from "./patches/take-over.ts";

/** Finds an incoming message stanza by its ciphertext, the only part that a decryption gets. */
export class IncomingStanzas {
  readonly #byCiphertext = new WeakMap<Uint8Array, BinaryNode>();

  constructor(stanzas: StanzaEmitter) {
    // "frame" is emitted before any listener gets the stanza.
    stanzas.on("frame", (frame: BinaryNode | Uint8Array) => {
      if (frame instanceof Uint8Array || frame.tag !== "message") return;
      if (!Array.isArray(frame.content)) return;
      for (const { tag, content } of frame.content) {
        if (tag === "enc" && content instanceof Uint8Array) this.#byCiphertext.set(content, frame);
      }
    });
  }

  find(ciphertext: Uint8Array): BinaryNode | undefined {
    return this.#byCiphertext.get(ciphertext);
  }
}
