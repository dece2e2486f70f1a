import type { Network } from "../../shared/session.ts";
import type { QueueDefaults } from "../../shared/queue.ts";
import type { Timing } from "../timing.ts";
import type { Database } from "../database/database.ts";
import type { MasterKeys } from "../keys/cipher.ts";
import type { Metrics } from "../http/metrics.ts";
import type { Log } from "../log/log.ts";
import type { TransferSlots } from "../media/transfer-slots.ts";
import type { MediaStore } from "../media/store/media-store.ts";
import type { NetworkTarget } from "../whatsapp/network-target.ts";
import type { Writer } from "../write/writer.ts";

/** What every session of a connector works with. */
export interface SessionServices {
  database: Database;
  writer: Writer;
  masterKeys: MasterKeys;
  store: MediaStore;
  downloadSlots: TransferSlots;
  uploadSlots: TransferSlots;
  /** The largest received file that is stored. */
  maxFileBytes: number;
  target: (network: Network) => NetworkTarget;
  timing: Timing;
  queueDefaults: QueueDefaults;
  metrics: Metrics;
  log: Log;
  random: () => number;
  /** Called when the session is connected and has resent what its last connection left open. */
  onReady: () => void;
  /** Called when the session has ended by itself and may be claimed again. */
  onGone: () => void;
}
