import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** How long a client may use the answer to its `media_conn`; the token itself is valid longer. */
export const mediaConnTtlSeconds = 300;
const tokenTtlMs = 6 * 3_600_000;

/** The tokens that `media_conn` hands out and an upload must show. Valid until the next restart. */
export class UploadTokens {
  readonly #secret = randomBytes(32);
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A token for the clients of this number. */
  create(phone: string): string {
    const claims = `${phone}.${this.#now() + tokenTtlMs}`;
    return `${claims}.${this.#sign(claims)}`;
  }

  /** The number that the token was made for; undefined if it is forged or has expired. */
  verify(token: string): string | undefined {
    const [phone = "", expiresAt = "", signature = ""] = token.split(".");
    const expected = Buffer.from(this.#sign(`${phone}.${expiresAt}`));
    const actual = Buffer.from(signature);
    if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return undefined;
    return Number(expiresAt) > this.#now() ? phone : undefined;
  }

  #sign(claims: string): string {
    return createHmac("sha256", this.#secret).update(claims).digest("base64url");
  }
}
