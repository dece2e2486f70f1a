// Baileys acknowledges no notification before login; here each is acknowledged and handled.
import {
  type BinaryNode,
  buildAckStanza,
  getBinaryNodeChild,
  type WASocket,
} from "@whiskeysockets/baileys";
import { type Credentials, isPaired } from "../auth-state.ts";
import { takeOverListeners } from "./take-over.ts";

/** How soon pair-success follows the phone's part of a pairing by code. */
const pairSuccessMs = 60_000;

/**
 * Handles the notifications that WhatsApp sends to a client that is not linked yet. Baileys reads
 * the account's id for every ack, and without one the ack fails (WhiskeySockets/Baileys#2738).
 */
export function handleNotificationsBeforeLogin(
  socket: Pick<WASocket, "ws" | "sendNode">,
  credentials: Credentials,
  { onSecretRetired }: { onSecretRetired: () => void },
): void {
  let pairSuccessUntil = 0;
  const handle = async (node: BinaryNode, passOn: () => Promise<unknown>) => {
    if (isPaired(credentials)) return passOn();
    if (isPhoneHello(node)) {
      // Baileys acknowledges it, and derives the ADV secret that pair-success is verified with.
      pairSuccessUntil = performance.now() + pairSuccessMs;
      return passOn();
    }
    // The server accepts a new secret only after the ack.
    await socket.sendNode(buildAckStanza(node));
    if (retiresSecret(node) && performance.now() > pairSuccessUntil) onSecretRetired();
    return undefined;
  };
  takeOverListeners(socket.ws, "CB:notification", (node, passOn) => {
    void handle(node, passOn).catch(() => undefined); // The connection closed.
  });
}

/**
 * The phone's part of a pairing by code. Other stages, such as `refresh_code`, come without the
 * phone's key, and Baileys throws on them (WhiskeySockets/Baileys#2600).
 */
function isPhoneHello(node: BinaryNode): boolean {
  if (node.attrs["type"] !== "link_code_companion_reg") return false;
  const stage = getBinaryNodeChild(node, "link_code_companion_reg");
  return getBinaryNodeChild(stage, "primary_identity_pub") !== undefined;
}

/**
 * Whether the server retires the ADV secret in the QR code. Then it accepts only a QR code with the
 * current ref and a new secret.
 */
function retiresSecret(node: BinaryNode): boolean {
  return (
    node.attrs["type"] === "companion_reg_refresh" &&
    ["companion_reg_refresh", "pair-device-rotate-qr"].some(
      (tag) => getBinaryNodeChild(node, tag) !== undefined,
    )
  );
}
