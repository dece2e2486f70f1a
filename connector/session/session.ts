import { ApiError } from "../../shared/errors.ts";
import type { ClaimedSession } from "../../shared/database.ts";
import type { Message } from "../../shared/message.ts";
import type { SessionState } from "../../shared/session.ts";
import { withTimeout } from "../wait/with-timeout.ts";
import type { Log } from "../log/log.ts";
import { mask } from "../log/mask.ts";
import type { Identity } from "../whatsapp/identity.ts";
import { type Credentials, isPaired } from "../whatsapp/auth-state.ts";
import { WhatsAppConnection } from "../whatsapp/connection.ts";
import type { ChangeItem, SendItem } from "../write/write.ts";
import { Device } from "./device.ts";
import { disconnected, noPairing } from "./disconnected.ts";
import { Outbox } from "./outbox.ts";
import { PairingWindow } from "./pairing-window.ts";
import { SessionStore } from "./session-store.ts";
import type { SessionServices } from "./services.ts";
import { afterClose, type Closed } from "./reconnect-policy.ts";
import { notConnected } from "./not-connected.ts";

const unlinkTimeoutMs = 5000;

/** One WhatsApp account on this connector, from its claim until it is given up. */
export class Session {
  readonly uid: string;
  readonly tenantId: string;
  readonly epoch: number;
  readonly network: ClaimedSession["network"];
  readonly outbox: Outbox;
  readonly #claimed: ClaimedSession;
  readonly #services: SessionServices;
  readonly #device: Device;
  readonly #log: Log;
  readonly #store: SessionStore;
  readonly #pairing: PairingWindow;
  #state: SessionState;
  #connection: WhatsAppConnection | undefined;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  /** Throws when the credentials cannot be read: they were encrypted under another key. */
  constructor(claimed: ClaimedSession, services: SessionServices) {
    this.uid = claimed.uid;
    this.tenantId = claimed.tenant_id;
    this.epoch = claimed.epoch;
    this.network = claimed.network;
    this.#claimed = claimed;
    this.#services = services;
    this.#state = claimed.state;
    this.#log = services.log.child({ tenant: claimed.tenant_id, session: claimed.session_id });
    this.#store = new SessionStore({
      ...services,
      claimed,
      log: this.#log,
      onKeysRefused: () => this.#forgetKeys(),
    });
    this.#device = new Device({
      uid: this.uid,
      ciphertext: claimed.ciphertext,
      supabase: services.supabase,
      masterKey: services.masterKey,
      commit: (write) => this.#store.commitKeys(write),
    });
    this.#pairing = new PairingWindow(services.timing.qrWantedMs);
    this.outbox = new Outbox({
      commit: (item) => this.#store.commitItem(item),
      loadInFlight: () => this.#store.inFlight(),
      openConnection: () => this.openConnection,
      ackTimeoutMs: services.timing.ackTimeoutMs,
      retry: services.timing.dripRetry,
      random: services.random,
      metrics: services.metrics,
      log: this.#log,
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  get isPaired(): boolean {
    return isPaired(this.#device.credentials);
  }

  start(): void {
    this.#pairing.ask();
    this.#open();
  }

  /** The link, if messages can go out now. */
  get openConnection(): WhatsAppConnection | undefined {
    return this.#state === "connected" ? this.#connection : undefined;
  }

  /** The same for somebody who has to know why there is none. */
  requireConnection(): WhatsAppConnection {
    const connection = this.openConnection;
    if (connection !== undefined) return connection;
    throw notConnected(this.#state, this.#claimed.session_id);
  }

  async send(to: string, intent: SendItem): Promise<{ message: Message; replayed: boolean }> {
    return this.outbox.send(this.requireConnection(), to, intent);
  }

  /** Shows a new QR. Throws when there is nothing to pair. */
  regenerateQr(): void {
    this.#requireUnpaired();
    this.#pairing.ask();
    void this.#store.change({ patch: { state: "connecting", ...noPairing } });
    this.#replaceConnection();
  }

  /** A code to type into this phone, and until when it works. */
  async pairingCode(phone: string): Promise<{ code: string; expiresAt: string }> {
    this.#requireUnpaired();
    this.#pairing.ask();
    if (this.#connection === undefined || !this.#pairing.hasTimeForCode())
      this.#replaceConnection();
    const shown = await withTimeout(this.#pairing.firstQr(), this.#services.timing.ackTimeoutMs);
    const connection = this.#connection;
    if (shown === undefined || connection === undefined) {
      throw new ApiError(
        "connector_unavailable",
        "WhatsApp did not answer; ask for the code again.",
      );
    }
    const raw = await connection.requestPairingCode(phone);
    const code = `${raw.slice(0, 4)}-${raw.slice(4)}`;
    const expiresAt = this.#pairing.connectionEndsAt();
    this.#state = "pairing_code";
    await this.#store.commit({
      items: [
        {
          kind: "change",
          patch: { state: "pairing_code", pairing_code: code, pairing_code_expires_at: expiresAt },
        },
      ],
    });
    return { code, expiresAt };
  }

  /** Closes, says so, and stays closed until the session is asked for again. */
  async stop(reason: string, code?: number): Promise<void> {
    if (this.#ended) return;
    this.#silence();
    this.#connection?.close();
    this.#state = "disconnected";
    await this.#store.commit({ items: [disconnected({ state: "disconnected", reason, code })] });
    this.#services.onGone(this);
  }

  /** Unlinks the device at WhatsApp, as far as that can be done, and forgets it. */
  async unlink(): Promise<void> {
    if (this.#ended) return;
    const connection = this.#state === "connected" ? this.#connection : undefined;
    this.#silence();
    await withTimeout(connection?.logout() ?? Promise.resolve(), unlinkTimeoutMs).catch(
      (error: unknown) =>
        this.#log.warn({ event: "unlink_failed", err: error }, "could not unlink at WhatsApp"),
    );
    this.#connection?.close();
    this.#state = "disconnected";
    await this.#store.commit({
      forget: true,
      items: [disconnected({ state: "disconnected", reason: "unlinked" })],
    });
    this.#services.onGone(this);
  }

  /** Closes at once and writes nothing: the session is not this connector's any more. */
  end(): void {
    this.#silence();
    this.#connection?.terminate();
    this.#store.drop();
  }

  /** Closes politely and writes nothing: another connector takes the session over. */
  handOver(): void {
    this.#silence();
    this.#connection?.close();
  }

  /** Ends a link whose other side went silent. */
  watch(): void {
    const connection = this.#connection;
    if (this.#ended || connection === undefined || connection.isClosed) return;
    if (connection.silentMs > this.#services.timing.silenceMs) {
      this.#log.warn(
        { event: "silent_peer", silentMs: Math.round(connection.silentMs) },
        "no answer",
      );
      connection.terminate();
    }
  }

  #silence(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  #requireUnpaired(): void {
    if (!this.isPaired) return;
    throw new ApiError(
      "session_already_connected",
      "This session is linked to a phone. Delete it, or unlink it on the phone, to pair again.",
    );
  }

  #open(): void {
    if (this.#ended) return;
    this.#pairing.connectionOpens();
    const ours = (handle: () => void) => () => {
      if (this.#connection === connection && !this.#ended) handle();
    };
    const connection: WhatsAppConnection = new WhatsAppConnection({
      target: this.#services.target(this.network),
      credentials: this.#device.credentials,
      keys: this.#device.keys,
      caches: this.#device.caches,
      pingEveryMs: this.#services.timing.pingEveryMs,
      log: this.#log,
      handlers: {
        onQr: (qr) => ours(() => this.#onQr(qr))(),
        onOpen: (me) => ours(() => this.#onOpen(connection, me))(),
        onClose: (closed) => ours(() => this.#onClose(closed))(),
        onCredentials: (credentials) => this.#saveCredentials(credentials),
        onMessage: () => this.#services.metrics.received.inc(),
        isStored: (waMessageId) => this.#store.hasMessage(waMessageId),
        onReceipts: (receipts) => this.#store.commit({ items: receipts, coalesced: true }),
        onAck: (waMessageId, errorCode) => this.outbox.acknowledge(waMessageId, errorCode),
        loadContent: (waMessageId) => this.#store.contentOf(waMessageId),
      },
    });
    this.#connection = connection;
  }

  #replaceConnection(): void {
    const old = this.#connection;
    this.#connection = undefined;
    clearTimeout(this.#timer);
    old?.terminate();
    this.#device.startAnew();
    this.#open();
  }

  #onQr(qr: string): void {
    if (!this.#pairing.isWanted()) {
      this.#stopQuietly("qr_timeout");
      return;
    }
    const expiresAt = this.#pairing.shown();
    const byCode = this.#state === "pairing_code";
    if (!byCode) this.#state = "qr";
    void this.#store.change({
      patch: { state: this.#state, qr, qr_expires_at: expiresAt },
      ...(byCode ? {} : { event: "session.qr_code", event_data: { qr, expires_at: expiresAt } }),
    });
  }

  #onOpen(connection: WhatsAppConnection, me: Identity): void {
    this.#state = "connected";
    this.#timer = setTimeout(() => {
      this.#failures = 0;
    }, this.#services.timing.settledMs);
    this.#log.info({ event: "connected", phone: mask(me.phone) }, "connected");
    const connected: ChangeItem = {
      kind: "change",
      patch: { state: "connected", ...me, connected_at: new Date().toISOString(), ...noPairing },
      event: "session.connected",
    };
    const written = this.#store.write({ items: [connected] });
    // Neither rejects: both say what failed.
    void Promise.all([written, this.outbox.resume(connection)]).then(() =>
      this.#services.onReady(),
    );
  }

  #onClose(closed: Closed): void {
    clearTimeout(this.#timer);
    this.#connection = undefined;
    const next = afterClose(closed, {
      paired: this.isPaired,
      failures: this.#failures,
      wanted: this.#pairing.isWanted(),
      backoff: this.#services.timing.reconnect,
      random: this.#services.random,
    });
    this.#services.metrics.reconnects.inc({ reason: next.reason });
    this.#log.info(
      { event: "closed", ...closed, next: next.kind, reason: next.reason },
      "link closed",
    );
    switch (next.kind) {
      case "stop":
        this.#stopQuietly(next.reason, closed.code);
        return;
      case "logged_out": {
        const item = disconnected({
          state: "logged_out",
          reason: next.reason,
          code: closed.code,
        });
        void this.#store.write({ forget: true, items: [item] });
        this.#state = "logged_out";
        this.#device.startAnew();
        this.#pairing.ask();
        break;
      }
      case "reconnect":
        if (this.#state === "connected") {
          void this.#store.write({ items: [disconnected({ ...next, code: closed.code })] });
        } else {
          void this.#store.change({ patch: { state: next.state, ...noPairing } });
        }
        this.#state = next.state;
        if (!this.isPaired) this.#device.startAnew();
        if (next.delayMs > 0) this.#failures += 1;
        break;
    }
    this.#timer = setTimeout(() => this.#open(), next.delayMs);
  }

  /**
   * The keys in memory are ahead of those in the database. Nothing goes out with them; after a
   * while, because the reason may last, the session can be claimed again with the stored ones.
   */
  #forgetKeys(): void {
    if (this.#ended) return;
    this.#log.error({ event: "keys_refused" }, "closing to begin again from the stored keys");
    this.end();
    this.#state = "reconnecting";
    void this.#store.write({
      items: [disconnected({ state: "reconnecting", reason: "keys_not_stored" })],
    });
    this.#timer = setTimeout(
      () => this.#services.onGone(this),
      this.#services.timing.reconnect.capMs,
    );
  }

  #stopQuietly(reason: string, code?: number): void {
    this.stop(reason, code).catch((error: unknown) => this.#store.failed(error));
  }

  #saveCredentials(credentials: Credentials): void {
    // A link that was replaced may still talk of the device it was.
    if (credentials !== this.#device.credentials || this.#ended) return;
    void this.#store.write({ credentials: this.#device.encryptedCredentials() });
  }
}
