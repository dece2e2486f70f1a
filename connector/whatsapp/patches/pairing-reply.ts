// Baileys answers pair-success before anything is stored. With that answer the phone has linked the
// device; if its credentials were lost now, the phone would list a device that nothing can use.
import type { WASocket } from "@whiskeysockets/baileys";
import { WebSocket } from "ws";

/**
 * Holds what the socket writes after a pairing until `store` resolves. If it rejects, the connection
 * is closed, and the phone shows that linking failed.
 */
export function storeBeforePairingReply(
  { ev, ws }: Pick<WASocket, "ev" | "ws">,
  store: () => Promise<unknown>,
): void {
  ev.on("connection.update", ({ isNewLogin }) => {
    if (isNewLogin !== true) return;
    const webSocket: unknown = Reflect.get(ws, "socket");
    if (!(webSocket instanceof WebSocket)) throw new Error("The client has no WebSocket");
    const stored = store();
    const send = webSocket.send.bind(webSocket);
    // Held frames keep their order: reactions to a promise run in the order of its `then` calls.
    Reflect.set(webSocket, "send", (...parameters: Parameters<typeof send>) => {
      stored.then(
        () => send(...parameters),
        () => webSocket.terminate(),
      );
    });
  });
}
