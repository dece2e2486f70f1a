import type { Event } from "../../shared/event.ts";
import { filePrefix, mediaSchema } from "../../shared/media.ts";
import type { Message } from "../../shared/message.ts";

/** Links stay the same for a day, so that a cache can keep what they lead to, and work for 7 to 8. */
const roundMs = 24 * 3_600_000;
const minLifeMs = 7 * roundMs;

const encoder = new TextEncoder();

/** What a link allows: one file of one tenant, until it expires. */
interface Grant {
  tenantId: string;
  sessionId: string;
  fileName: string;
  /** The name under which a browser saves the file. */
  saveAs: string;
  /** Seconds since 1970. */
  expires: number;
}

/**
 * Signs the links to files of messages, and verifies them. The key is derived from a secret of the
 * control plane; links end when it is replaced.
 */
export class FileLinks {
  readonly #secret: string;
  readonly #publicUrl: string;
  readonly #now: () => number;
  #key: Promise<CryptoKey> | undefined;

  /** @param publicUrl where clients reach the control plane; without it links are relative */
  constructor(options: { secret: string; publicUrl: string | undefined; now: () => number }) {
    this.#secret = options.secret;
    this.#publicUrl = options.publicUrl?.replace(/\/$/, "") ?? "";
    this.#now = options.now;
  }

  /** The message with a link to its file instead of the file's path. */
  async inMessage(tenantId: string, message: Message): Promise<Message> {
    const { media } = message;
    if (media === null || media.url === null) return message;
    const url = await this.#sign(tenantId, { url: media.url, fileName: media.file_name });
    return { ...message, media: { ...media, url } };
  }

  /** The event with a link to the file of its message instead of the file's path. */
  async inEvent(event: Event): Promise<Event> {
    const stored = event.data["media"];
    if (stored === undefined || stored === null) return event;
    const media = mediaSchema.parse(stored);
    if (media.url === null) return event;
    const url = await this.#sign(event.tenant_id, { url: media.url, fileName: media.file_name });
    return { ...event, data: { ...event.data, media: { ...media, url } } };
  }

  /** Whether these query parameters are a signature of this file that has not expired. */
  async allows(
    file: { sessionId: string; fileName: string },
    query: Partial<Record<"tenant" | "expires" | "name" | "signature", string | undefined>>,
  ): Promise<boolean> {
    const { tenant = "", expires = "", name = "", signature = "" } = query;
    const grant = { ...file, tenantId: tenant, saveAs: name, expires: Number(expires) };
    if (!(grant.expires * 1000 > this.#now())) return false;
    const bytes = fromBase64Url(signature);
    if (bytes === undefined) return false;
    return crypto.subtle.verify("HMAC", await this.#hmacKey(), bytes, textOf(grant));
  }

  async #sign(
    tenantId: string,
    { url, fileName }: { url: string; fileName: string | null },
  ): Promise<string> {
    const [sessionId = "", name = ""] = url.slice(filePrefix.length).split("/");
    const expires = (Math.ceil(this.#now() / roundMs) * roundMs + minLifeMs) / 1000;
    const grant = { tenantId, sessionId, fileName: name, saveAs: fileName ?? "", expires };
    const signature = await crypto.subtle.sign("HMAC", await this.#hmacKey(), textOf(grant));
    const query = new URLSearchParams({
      tenant: tenantId,
      expires: String(expires),
      ...(grant.saveAs === "" ? {} : { name: grant.saveAs }),
      signature: toBase64Url(new Uint8Array(signature)),
    });
    return `${this.#publicUrl}${url}?${query.toString()}`;
  }

  #hmacKey(): Promise<CryptoKey> {
    this.#key ??= this.#deriveKey();
    return this.#key;
  }

  async #deriveKey(): Promise<CryptoKey> {
    const secret = await crypto.subtle.importKey(
      "raw",
      encoder.encode(this.#secret),
      "HKDF",
      false,
      ["deriveKey"],
    );
    return crypto.subtle.deriveKey(
      { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: encoder.encode("file links") },
      secret,
      { name: "HMAC", hash: "SHA-256", length: 256 },
      false,
      ["sign", "verify"],
    );
  }
}

function textOf({
  tenantId,
  sessionId,
  fileName,
  saveAs,
  expires,
}: Grant): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    encoder.encode(JSON.stringify([tenantId, sessionId, fileName, saveAs, expires])),
  );
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
