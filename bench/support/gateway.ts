import type { Column } from "./target-table.ts";

/** A gateway that is driven over HTTP: the product from any checkout, or bench/plain. */
export interface Gateway {
  column: Column;
  /** The root of its process tree. The sandbox is not part of it. */
  pid: number;
  /** From the command that started it until it was ready. */
  startSeconds: number;
  /** Returns the QR that a phone has to scan. */
  createSession(sessionId: string): Promise<string>;
  deleteSession(sessionId: string): Promise<void>;
  countConnected(): Promise<number>;
  sendText(input: { sessionId: string; to: string; text: string }): Promise<void>;
  stop(): Promise<void>;
}
