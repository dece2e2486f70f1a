import { defaultTiming, type Timing } from "../../connector/timing.ts";

/** Short, so that a test waits for what happens and not for the clock. */
export const quickTiming: Timing = {
  ...defaultTiming,
  // Long enough for a machine that is busy with other tests.
  leaseMs: 4000,
  renewEveryMs: 400,
  leaseMarginMs: 400,
  pollMs: 200,
  // Sessions stay where they are, unless a test wants them to move.
  balanceEveryMs: 600_000,
  heldMs: 0,
  ackTimeoutMs: 5000,
  reconnect: { baseMs: 50, capMs: 500 },
  stopLingerMs: 0,
  dripPollMs: 200,
  dripGapMs: 10,
  dripRetry: { baseMs: 50, capMs: 500 },
  download: {
    ...defaultTiming.download,
    waitMs: 1500,
    idleMs: 3000,
    reuploadMs: 3000,
    retry: { baseMs: 50, capMs: 200 },
    maxAttempts: 3,
    overdueEveryMs: 500,
  },
  removeFilesEveryMs: 300,
};
