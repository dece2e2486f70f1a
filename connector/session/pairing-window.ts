/** Baileys shows the first of six QR codes for a minute, and the others for 20 s each. */
const firstQrMs = 60_000;
const nextQrMs = 20_000;
const qrCount = 6;
const connectionLifeMs = firstQrMs + (qrCount - 1) * nextQrMs;
/** What a person needs to type a code into a phone. */
const codeNeedsMs = 120_000;

/** How long new QR codes are made after a request, and how long those of a connection last. */
export class PairingWindow {
  readonly #windowMs: number;
  readonly #now: () => number;
  #openUntil = 0;
  #firstShownAt: number | undefined;
  /** The ref of the QR code; the code may change before its ref expires. */
  #ref: string | undefined;
  #refExpiresAt = 0;
  #firstQr = Promise.withResolvers<boolean>();

  constructor(windowMs: number, now: () => number = Date.now) {
    this.#windowMs = windowMs;
    this.#now = now;
  }

  /** Pairing was requested now. */
  open(): void {
    this.#openUntil = this.#now() + this.#windowMs;
  }

  get isOpen(): boolean {
    return this.#now() < this.#openUntil;
  }

  connectionOpens(): void {
    if (this.#firstShownAt !== undefined) this.#firstQr = Promise.withResolvers();
    this.#firstShownAt = undefined;
    this.#ref = undefined;
  }

  /** The connection shows a QR code; returns until when it can be scanned. */
  shown(qr: string): string {
    const [ref] = qr.split(",", 1);
    if (ref !== this.#ref) {
      this.#ref = ref;
      const isFirst = this.#firstShownAt === undefined;
      this.#firstShownAt ??= this.#now();
      this.#refExpiresAt = this.#now() + (isFirst ? firstQrMs : nextQrMs);
    }
    this.#firstQr.resolve(true);
    return new Date(this.#refExpiresAt).toISOString();
  }

  /** The connection ended before it showed a QR code. */
  connectionFailed(): void {
    this.#firstQr.resolve(false);
    this.#firstQr = Promise.withResolvers();
  }

  /** True when a QR code is shown, false when the connection ended before that. */
  firstQr(): Promise<boolean> {
    return this.#firstQr.promise;
  }

  /** Whether a pairing code made on this connection now would live long enough. */
  hasTimeForCode(): boolean {
    const shownAt = this.#firstShownAt;
    return shownAt === undefined || shownAt + connectionLifeMs - this.#now() >= codeNeedsMs;
  }

  /** When the connection has shown all of its QR codes and closes. */
  connectionEndsAt(): string {
    return new Date((this.#firstShownAt ?? this.#now()) + connectionLifeMs).toISOString();
  }
}
