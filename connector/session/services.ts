import type { Network } from "../../shared/session.ts";
import type { Timing } from "../timing.ts";
import type { Supabase } from "../database/database.ts";
import type { Metrics } from "../http/metrics.ts";
import type { Log } from "../log/log.ts";
import type { NetworkTarget } from "../whatsapp/network-target.ts";
import type { Writer } from "../write/writer.ts";
import type { Session } from "./session.ts";

/** What every session of a connector works with. */
export interface SessionServices {
  supabase: Supabase;
  writer: Writer;
  masterKey: Buffer;
  target: (network: Network) => NetworkTarget;
  timing: Timing;
  metrics: Metrics;
  log: Log;
  random: () => number;
  /** A session is connected, and has sent what its last link left open. */
  onReady: () => void;
  /** The session closed itself and is free to be taken again. */
  onGone: (session: Session) => void;
}
