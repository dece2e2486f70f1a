import { KeyedLock } from "./keyed-lock.ts";

/**
 * What one linked device does in order, across reconnects: a connection that closed may still be
 * working on a message when the next one gets it again.
 */
export interface DeviceLocks {
  /** Incoming messages, by chat. */
  chats: KeyedLock;
  /** Every use of a Signal session, by the address of the other device or by group. */
  signalSessions: KeyedLock;
}

export function createDeviceLocks(): DeviceLocks {
  return { chats: new KeyedLock(), signalSessions: new KeyedLock() };
}
