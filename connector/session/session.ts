import { ApiError } from "../../shared/errors.ts";
import type { ClaimedSession } from "../../shared/database.ts";
import type { SessionState } from "../../shared/session.ts";
import { withTimeout } from "../wait/with-timeout.ts";
import type { Log } from "../log/log.ts";
import { mask } from "../log/mask.ts";
import type { Identity } from "../whatsapp/identity.ts";
import { type Credentials, isPaired } from "../whatsapp/auth-state.ts";
import type { CloseReason } from "../whatsapp/close-reason.ts";
import { WhatsAppConnection } from "../whatsapp/connection.ts";
import { type Item, NotWritten } from "../write/write.ts";
import { Device } from "./device.ts";
import { Downloads } from "./downloads.ts";
import { notConnected } from "./not-connected.ts";
import { Outbox } from "./outbox.ts";
import { storedPath } from "../media/store/media-store.ts";
import { PairingWindow } from "./pairing-window.ts";
import { reasonOf } from "./reconnect-policy.ts";
import type { SessionServices } from "./services.ts";
import { type SessionEvent, type SessionStatus, transition } from "./session-state.ts";
import { SessionStore } from "./session-store.ts";

const unlinkTimeoutMs = 5000;

/** One WhatsApp account on this connector, from its claim until it is given up. */
export class Session {
  readonly uid: string;
  readonly tenantId: string;
  readonly epoch: number;
  readonly network: ClaimedSession["network"];
  readonly outbox: Outbox;
  readonly #claimed: ClaimedSession;
  readonly #claimedAt = performance.now();
  readonly #services: SessionServices;
  readonly #device: Device;
  readonly #log: Log;
  readonly #store: SessionStore;
  readonly #pairing: PairingWindow;
  readonly #downloads: Downloads;
  #status: SessionStatus;
  #connection: WhatsAppConnection | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #ending = new AbortController();
  #ended = false;
  #stopping: Promise<void> | undefined;
  #isMoving = false;

  /** Throws when the credentials cannot be read: they were encrypted under another key. */
  constructor(claimed: ClaimedSession, services: SessionServices) {
    this.uid = claimed.uid;
    this.tenantId = claimed.tenant_id;
    this.epoch = claimed.epoch;
    this.network = claimed.network;
    this.#claimed = claimed;
    this.#services = services;
    this.#status = { state: claimed.state, failures: 0 };
    this.#log = services.log.child({ tenant: claimed.tenant_id, session: claimed.session_id });
    this.#store = new SessionStore({
      ...services,
      claimed,
      log: this.#log,
      onKeysRefused: () => this.#onKeysRefused(),
    });
    this.#device = new Device({
      uid: this.uid,
      ciphertext: claimed.ciphertext,
      database: services.database,
      masterKeys: services.masterKeys,
      commit: async (write) => {
        await this.#store.commitKeys(write);
        if (write.items.some(hasFile)) this.#downloads.wake();
      },
    });
    this.#downloads = new Downloads({
      tenantId: claimed.tenant_id,
      sessionId: claimed.session_id,
      load: (max) => this.#store.downloads(max),
      commit: (item) => this.#store.commitItem(item),
      expectFile: (path) => this.#store.expectFile(path),
      openConnection: () => this.openConnection,
      store: services.store,
      slots: services.downloadSlots,
      maxBytes: services.maxFileBytes,
      timing: services.timing.download,
      random: services.random,
      now: Date.now,
      log: this.#log,
    });
    this.#pairing = new PairingWindow(services.timing.pairingWindowMs);
    this.outbox = new Outbox({
      commit: (item) => this.#store.commitItem(item),
      loadInFlight: () => this.#store.inFlight(),
      openConnection: () => this.openConnection,
      whenSlotIsFree: (upload) =>
        services.uploadSlots.run(this.tenantId, this.#ending.signal, upload),
      openFile: (media) => services.store.read(storedPath(this.tenantId, media)),
      maxRetries: services.queueDefaults.max_retries,
      ackTimeoutMs: services.timing.ackTimeoutMs,
      retry: services.timing.dripRetry,
      random: services.random,
      metrics: services.metrics,
      log: this.#log,
    });
  }

  get state(): SessionState {
    return this.#status.state;
  }

  get isPaired(): boolean {
    return isPaired(this.#device.credentials);
  }

  start(): void {
    if (this.#device.isStale) this.#storeCredentials();
    this.#pairing.open();
    this.#open();
    this.#downloads.wake();
  }

  /** The connection, if messages can be sent now. */
  get openConnection(): WhatsAppConnection | undefined {
    return this.#isMoving ? undefined : this.#loggedIn;
  }

  get #loggedIn(): WhatsAppConnection | undefined {
    return this.state === "connected" ? this.#connection : undefined;
  }

  /** Throws an ApiError with the reason when no message can be sent now. */
  requireConnection(): WhatsAppConnection {
    const connection = this.openConnection;
    if (connection !== undefined) return connection;
    throw notConnected({
      state: this.state,
      isPaired: this.isPaired,
      sessionId: this.#claimed.session_id,
    });
  }

  /** Shows a new QR code. Throws when the session is already paired. */
  regenerateQr(): void {
    this.#requireUnpaired();
    this.#pairing.open();
    this.#replaceConnection();
  }

  /** A code to enter on this phone, and until when it is valid. */
  async pairingCode(phone: string): Promise<{ code: string; expiresAt: string }> {
    this.#requireUnpaired();
    this.#pairing.open();
    if (this.#connection === undefined || !this.#pairing.hasTimeForCode()) {
      this.#replaceConnection();
    }
    const shown = await withTimeout(this.#pairing.firstQr(), this.#services.timing.ackTimeoutMs);
    const connection = this.#connection;
    if (shown !== true || connection === undefined) {
      throw new ApiError(
        "connector_unavailable",
        "WhatsApp cannot be reached at the moment; the session's last_disconnect says why. Request a pairing code again.",
      );
    }
    const raw = await connection.requestPairingCode(phone);
    const code = `${raw.slice(0, 4)}-${raw.slice(4)}`;
    const expiresAt = this.#pairing.connectionEndsAt();
    await this.#handle({ kind: "pairing_code_received", code, expiresAt });
    return { code, expiresAt };
  }

  /** The version of what the tenant wants that was read from the database. */
  readDesired(version: number): void {
    this.#store.desiredVersion = version;
  }

  /** Closes, stores the reason, and stays closed until the tenant connects the session again. */
  async stop(reason: string): Promise<void> {
    if (!this.#ended) this.#stopping = this.#handle({ kind: "stopped", reason });
    // A command and the connector's own look at the database may both ask; each answer waits.
    await this.#stopping;
  }

  /** Unlinks the device at WhatsApp, if it can be reached, and deletes its keys. */
  async unlink(): Promise<void> {
    if (this.#ended) return;
    const connection = this.#loggedIn;
    this.#silence();
    await withTimeout(connection?.logout() ?? Promise.resolve(), unlinkTimeoutMs).catch(
      (error: unknown) =>
        this.#log.warn({ event: "unlink_failed", err: error }, "could not unlink at WhatsApp"),
    );
    await this.#handle({ kind: "unlinked" });
  }

  /** Closes at once and writes nothing: the session belongs to another connector. */
  end(): void {
    this.#silence();
    this.outbox.close();
    this.#connection?.terminate();
    this.#store.drop();
  }

  /**
   * Closes the stream properly and writes nothing: another connector will claim the session. Resolves
   * when the socket is closed.
   */
  async handOver(): Promise<void> {
    this.#silence();
    this.outbox.close();
    await this.#connection?.close();
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Whether it may be handed over while everything else goes on. */
  get mayMove(): boolean {
    const heldMs = performance.now() - this.#claimedAt;
    return this.openConnection !== undefined && heldMs >= this.#services.timing.heldMs;
  }

  /**
   * Hands over between two sends: new ones have to wait for the next owner. Resolves to false when
   * WhatsApp does not ack those under way in time; then the session stays.
   */
  async moveAway(): Promise<boolean> {
    this.#isMoving = true;
    const isSettled = await this.outbox.settled(this.#services.timing.moveMs);
    if (this.#ended) return false;
    if (!isSettled || this.#loggedIn === undefined) {
      this.#isMoving = false;
      this.#services.onReady();
      return false;
    }
    await this.handOver();
    // Writes keep their order: what was received is stored then.
    await this.#store.commit({});
    return true;
  }

  /** Terminates a connection whose peer no longer responds. */
  watch(): void {
    const connection = this.#connection;
    if (this.#ended || connection === undefined || connection.isClosed) return;
    const { silentMs } = connection;
    if (silentMs <= this.#services.timing.silenceMs) return;
    this.#log.warn({ event: "peer_silent", silentMs: Math.round(silentMs) }, "peer is silent");
    connection.terminate();
  }

  /** No event of the connection is handled any more. */
  #silence(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#downloads.end();
    this.#ending.abort(new NotWritten("the session has ended"));
  }

  /** Whether another connector may have had a connection of this session until a moment ago. */
  get #isTakenOver(): boolean {
    const isFirstOwner = this.epoch === 1;
    return !isFirstOwner && performance.now() - this.#claimedAt < this.#services.timing.takeoverMs;
  }

  #requireUnpaired(): void {
    if (!this.isPaired) return;
    throw new ApiError(
      "session_already_connected",
      "This session is linked to a phone. Delete it, or unlink it on the phone, to pair again.",
    );
  }

  /** Stores what the event changes and acts on it. Resolves when the change is committed. */
  async #handle(event: SessionEvent): Promise<void> {
    const { timing, random, onGone } = this.#services;
    const { status, write, action } = transition(this.#status, event, {
      network: this.network,
      reconnect: timing.reconnect,
      random,
      now: Date.now,
    });
    this.#status = status;
    if (action.kind === "end") {
      this.#silence();
      // Before it is stored: then another connector may open the session.
      await this.#connection?.close();
    }
    const written = write === undefined ? undefined : this.#store.commitChange(write);
    if (action.kind === "open") {
      if (action.device === "new") this.#device.reset();
      this.#timer = setTimeout(() => this.#open(), action.delayMs);
    }
    if (action.kind === "release") this.#timer = setTimeout(onGone, action.delayMs);
    this.outbox.settleFailed((await written) ?? []);
    if (action.kind === "end") onGone();
  }

  /** Handles an event that nobody waits for; a failed write is logged. */
  #handleLater(event: SessionEvent): Promise<void> {
    return this.#handle(event).catch((error: unknown) => this.#store.logFailure(error));
  }

  #open(): void {
    if (this.#ended) return;
    this.#pairing.connectionOpens();
    const whileCurrent = (handle: () => void) => () => {
      if (this.#connection === connection && !this.#ended) handle();
    };
    const connection: WhatsAppConnection = new WhatsAppConnection({
      target: this.#services.target(this.network),
      credentials: this.#device.credentials,
      keys: this.#device.keys,
      caches: this.#device.caches,
      locks: this.#device.locks,
      pingEveryMs: this.#services.timing.pingEveryMs,
      closeMs: this.#services.timing.closeMs,
      log: this.#log,
      handlers: {
        onQr: (qr) => whileCurrent(() => this.#onQr(qr))(),
        onPaired: () => this.#onPaired(),
        onOpen: (me) => whileCurrent(() => this.#onOpen(connection, me))(),
        onClose: (closed) => whileCurrent(() => this.#onClose(closed))(),
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
    const replaced = this.#connection;
    this.#connection = undefined;
    clearTimeout(this.#timer);
    replaced?.terminate();
    this.#pairing.connectionOpens();
    void this.#handleLater({ kind: "qr_requested" });
  }

  #onQr(qr: string): void {
    const isPairingRequested = this.#pairing.isOpen;
    const expiresAt = this.#pairing.shown(qr);
    void this.#handleLater({ kind: "qr_received", qr, expiresAt, isPairingRequested });
  }

  /** Resolves when the new device is stored: the phone must not list one that could be lost. */
  async #onPaired(): Promise<void> {
    const credentials = this.#device.encryptedCredentials();
    await Promise.all([this.#store.commit({ credentials }), this.#handle({ kind: "paired" })]);
  }

  #onOpen(connection: WhatsAppConnection, me: Identity): void {
    this.#log.info({ event: "connected", phone: mask(me.phone) }, "connected");
    const written = this.#handleLater({ kind: "connected", me });
    this.#timer = setTimeout(
      () => void this.#handleLater({ kind: "connection_held" }),
      this.#services.timing.settledMs,
    );
    // Neither rejects: both log their failures.
    void Promise.all([written, this.outbox.resume(connection)]).then(() => {
      this.#downloads.wake();
      this.#services.onReady();
    });
  }

  #onClose(closed: CloseReason): void {
    clearTimeout(this.#timer);
    this.#connection = undefined;
    const reason = reasonOf(closed);
    this.#services.metrics.closes.inc({ reason });
    this.#log.info({ event: "closed", ...closed, reason }, "connection closed");
    void this.#handleLater({
      kind: "closed",
      closed,
      isPaired: this.isPaired,
      isPairingRequested: this.#pairing.isOpen,
      isTakenOver: this.#isTakenOver,
    });
    if (closed.unreachable !== undefined) this.#pairing.connectionFailed();
    if (this.state === "logged_out") this.#pairing.open();
  }

  /** The keys in memory are ahead of the stored ones, so nothing may be sent with them. */
  #onKeysRefused(): void {
    if (this.#ended) return;
    this.#log.error({ event: "keys_refused" }, "closing, to be claimed with the stored keys");
    this.end();
    void this.#handleLater({ kind: "keys_refused" });
  }

  #saveCredentials(credentials: Credentials): void {
    // A connection that was replaced may still report credentials of the former device.
    if (credentials !== this.#device.credentials || this.#ended) return;
    this.#storeCredentials();
  }

  #storeCredentials(): void {
    void this.#store.write({ credentials: this.#device.encryptedCredentials() }); // never rejects
  }
}

function hasFile(item: Item): boolean {
  return item.kind === "message" && item.media?.status === "pending";
}
