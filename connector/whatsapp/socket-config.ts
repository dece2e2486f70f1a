import { Agent } from "node:https";
import {
  DEFAULT_CONNECTION_CONFIG,
  proto,
  type UserFacingSocketConfig,
} from "@whiskeysockets/baileys";
import type { Log } from "../log/log.ts";
import { baileysLog } from "./baileys-log.ts";
import { mediaAgent, type NetworkTarget } from "./network-target.ts";

const { version: bundledVersion } = DEFAULT_CONNECTION_CONFIG;
const onDemand: number = proto.HistorySync.HistorySyncType.ON_DEMAND;
/** The phone shows the first in its list of linked devices. */
const deviceName: [string, string, string] = ["WhatsApp Microservice", "Chrome", "1.0.0"];

/** The part of the socket configuration that does not depend on the device. */
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
      ? { waWebSocketUrl: target.url, version: bundledVersion }
      : {
          version: target.webVersion ?? bundledVersion,
          // Overrides NODE_TLS_REJECT_UNAUTHORIZED: WhatsApp's certificate is always checked.
          agent: new Agent({ rejectUnauthorized: true }),
        }),
    fetchAgent: mediaAgent(target),
    browser: deviceName,
    logger: baileysLog(log),
    keepAliveIntervalMs: pingEveryMs,
    // No limit: with one, Baileys creates a timer and a stack trace for every stanza that it
    // sends. The session closes a connection that falls silent.
    connectTimeoutMs: 0,
    markOnlineOnConnect: false,
    emitOwnEvents: false,
    syncFullHistory: false,
    // Accepts only a kind that is never requested, so no history is synced. Refusing every kind
    // would log a warning for every socket.
    shouldSyncHistoryMessage: ({ syncType }) => Number(syncType) === onDemand,
    // The write queue retries commits.
    transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 0 },
    cachedGroupMetadata: async () => undefined,
  };
}
