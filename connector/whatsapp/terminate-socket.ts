import type { WASocket } from "@whiskeysockets/baileys";
import { WebSocket } from "ws";

/** Baileys' client keeps its WebSocket private by type, and cannot end it at once. */
export function terminateSocket({ ws }: WASocket): void {
  const webSocket: unknown = Reflect.get(ws, "socket");
  if (webSocket instanceof WebSocket) webSocket.terminate();
}
