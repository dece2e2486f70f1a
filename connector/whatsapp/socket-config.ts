import { Agent } from "node:https";
import {
  DEFAULT_CONNECTION_CONFIG,
  proto,
  type UserFacingSocketConfig,
} from "@whiskeysockets/baileys";
import type { Log } from "../log/log.ts";
import { baileysLog } from "./baileys-log.ts";
import type { NetworkTarget } from "./network-target.ts";

const onDemand: number = proto.HistorySync.HistorySyncType.ON_DEMAND;
/** The phone shows it in its list of linked devices. */
const deviceName: [string, string, string] = ["WhatsApp Microservice", "Chrome", "1.0.0"];

/** What is the same for every socket to this target: where it leads, and what Baileys leaves out. */
export function socketConfigFor({
  target,
  pingEveryMs,
  log,
}: {
  target: NetworkTarget;
  pingEveryMs: number;
  log: Log;
}): Omit<UserFacingSocketConfig, "auth"> {
  return {
    ...(target.network === "sandbox"
      ? { waWebSocketUrl: target.url }
      : // Whatever the process was told about certificates: WhatsApp's is checked.
        { agent: new Agent({ rejectUnauthorized: true }) }),
    version: DEFAULT_CONNECTION_CONFIG.version,
    browser: deviceName,
    logger: baileysLog(log),
    keepAliveIntervalMs: pingEveryMs,
    // The session watches for silence. With a limit, Baileys makes timers and stack traces for
    // every stanza that it sends.
    connectTimeoutMs: 0,
    markOnlineOnConnect: false,
    emitOwnEvents: false,
    syncFullHistory: false,
    // Nothing is synced: this kind comes only to those who ask. Refusing every kind would make
    // Baileys warn of it with every socket.
    shouldSyncHistoryMessage: ({ syncType }) => Number(syncType) === onDemand,
    // Commits are repeated where they are made.
    transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 0 },
    cachedGroupMetadata: async () => undefined,
  };
}
