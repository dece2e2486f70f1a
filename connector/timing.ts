import type { BackoffLimits } from "./wait/backoff.ts";

/** How long things take. Tests shorten them; nobody else changes them. */
export interface Timing {
  leaseMs: number;
  renewEveryMs: number;
  /** A connector that cannot renew is gone from WhatsApp this long before its lease is. */
  leaseMarginMs: number;
  pollMs: number;
  ackTimeoutMs: number;
  pingEveryMs: number;
  /** A link that says nothing for this long, though it was pinged, is dead. */
  silenceMs: number;
  watchEveryMs: number;
  /** How long new QR codes are made after somebody asked for one. */
  qrWantedMs: number;
  reconnect: BackoffLimits;
  /** A connection that held this long was a good one. */
  settledMs: number;
  stopSendsMs: number;
  stopWritesMs: number;
  /** How often the queue is looked into without any hint. */
  dripPollMs: number;
  /** Hints that come closer together than this are one. */
  dripGapMs: number;
  dripRetry: BackoffLimits;
}

export const defaultTiming: Timing = {
  leaseMs: 15_000,
  renewEveryMs: 5000,
  leaseMarginMs: 1500,
  pollMs: 2000,
  ackTimeoutMs: 10_000,
  pingEveryMs: 20_000,
  silenceMs: 35_000,
  watchEveryMs: 5000,
  qrWantedMs: 10 * 60_000,
  reconnect: { baseMs: 1000, capMs: 60_000 },
  settledMs: 30_000,
  stopSendsMs: 8000,
  stopWritesMs: 5000,
  dripPollMs: 10_000,
  dripGapMs: 250,
  dripRetry: { baseMs: 30_000, capMs: 10 * 60_000 },
};
