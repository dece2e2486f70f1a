import type { KeyStore } from "../keys/key-store.ts";
import type { Log } from "../log/log.ts";
import type { ReceiptItem } from "../write/write.ts";
import type { Credentials } from "./auth-state.ts";
import type { CloseReason } from "./close-reason.ts";
import type { DeviceCaches } from "./device-caches.ts";
import type { DeviceLocks } from "./device-locks.ts";
import type { Identity } from "./identity.ts";
import type { NetworkTarget } from "./network-target.ts";

/** What a connection reports to its session, and reads through it. */
export interface ConnectionHandlers {
  /** A QR code to scan; also when the same ref is shown again, with another secret. */
  onQr: (qr: string) => void;
  /** A phone links this device; it is confirmed to the phone when this resolves. */
  onPaired: () => Promise<unknown>;
  onOpen: (me: Identity) => void;
  /** The last call that a connection makes. */
  onClose: (reason: CloseReason) => void;
  onCredentials: (credentials: Credentials) => void;
  onMessage: () => void;
  /** Whether a received message is stored; waits for writes under way. */
  isStored: (waMessageId: string) => Promise<boolean>;
  /** A receipt is acknowledged to WhatsApp when this resolves. */
  onReceipts: (receipts: ReceiptItem[]) => Promise<unknown>;
  /** WhatsApp accepted a message, or refused it with this code. */
  onAck: (waMessageId: string, errorCode: string | undefined) => void;
  /** The base64 of a message that we sent, for a recipient who could not decrypt it. */
  loadContent: (waMessageId: string) => Promise<string | null>;
}

export interface ConnectionOptions {
  target: NetworkTarget;
  credentials: Credentials;
  keys: KeyStore;
  caches: DeviceCaches;
  locks: DeviceLocks;
  pingEveryMs: number;
  closeMs: number;
  log: Log;
  handlers: ConnectionHandlers;
}
