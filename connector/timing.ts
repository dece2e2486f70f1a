import type { BackoffLimits } from "./wait/backoff.ts";

/** How received files are downloaded. */
export interface DownloadTiming {
  /** How long the event of a message waits for its file. */
  waitMs: number;
  /** A download without any byte for so long has failed. */
  idleMs: number;
  /** How long a phone may take to upload a file again. */
  reuploadMs: number;
  retry: BackoffLimits;
  maxAttempts: number;
  /** How often a connector looks for events that nobody releases. */
  overdueEveryMs: number;
}

/** Every interval and timeout of a connector. Only tests change them. */
export interface Timing {
  leaseMs: number;
  renewEveryMs: number;
  /** A connector that cannot renew closes its sockets this long before its lease expires. */
  leaseMarginMs: number;
  pollMs: number;
  /** How often a connector looks whether it has more than its share of the sessions. */
  balanceEveryMs: number;
  /** A session stays with its owner for at least this long. */
  heldMs: number;
  /** How long a session that moves waits for acks; without them it stays. */
  moveMs: number;
  ackTimeoutMs: number;
  /** How often a connector looks for intents that have expired. */
  expireEveryMs: number;
  pingEveryMs: number;
  /** A connection without any frame for this long, in spite of pings, is dead. */
  silenceMs: number;
  watchEveryMs: number;
  /** How long new QR codes are made after pairing was requested. */
  pairingWindowMs: number;
  reconnect: BackoffLimits;
  /**
   * For so long after a session was claimed from another connector, a connection that replaces ours is
   * taken for the last one of that connector.
   */
  takeoverMs: number;
  /** A connection that stays open this long resets the reconnect delay. */
  settledMs: number;
  /** How long a closing handshake may take; then the socket is closed without it. */
  closeMs: number;
  /** A loop that has not come round for this long is stuck: longer than its slowest round. */
  stuckMs: number;
  stopSendsMs: number;
  stopWritesMs: number;
  /** How long a stopped connector still answers, for callers that have its address in a cache. */
  stopLingerMs: number;
  /** Poll interval of the queue; covers lost notifications. */
  dripPollMs: number;
  /** Notifications closer together than this share one poll. */
  dripGapMs: number;
  dripRetry: BackoffLimits;
  download: DownloadTiming;
  /** How often a connector removes files that belong to no message any more. */
  removeFilesEveryMs: number;
}

export const defaultTiming: Timing = {
  leaseMs: 15_000,
  renewEveryMs: 5000,
  leaseMarginMs: 1500,
  pollMs: 2000,
  balanceEveryMs: 5000,
  heldMs: 10_000,
  moveMs: 3000,
  ackTimeoutMs: 10_000,
  expireEveryMs: 60_000,
  pingEveryMs: 20_000,
  silenceMs: 35_000,
  watchEveryMs: 5000,
  pairingWindowMs: 10 * 60_000,
  reconnect: { baseMs: 1000, capMs: 60_000 },
  takeoverMs: 60_000,
  settledMs: 30_000,
  closeMs: 1000,
  stuckMs: 60_000,
  stopSendsMs: 8000,
  stopWritesMs: 5000,
  stopLingerMs: 1200,
  dripPollMs: 10_000,
  dripGapMs: 250,
  dripRetry: { baseMs: 30_000, capMs: 10 * 60_000 },
  download: {
    waitMs: 5000,
    idleMs: 20_000,
    reuploadMs: 20_000,
    // About half an hour in all.
    retry: { baseMs: 2000, capMs: 10 * 60_000 },
    maxAttempts: 10,
    overdueEveryMs: 10_000,
  },
  removeFilesEveryMs: 60_000,
};
