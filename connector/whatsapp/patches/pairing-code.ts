// Baileys names our product as the platform, and returns a code even when WhatsApp refuses it.
import { randomBytes } from "node:crypto";
import {
  aesEncryptCTR,
  type BinaryNode,
  bytesToCrockford,
  derivePairingCodeKey,
  jidEncode,
  S_WHATSAPP_NET,
  type WASocket,
} from "@whiskeysockets/baileys";
import { ApiError } from "../../../shared/errors.ts";
import type { Credentials } from "../auth-state.ts";

/**
 * WhatsApp accepts only a browser and a system that WhatsApp Web runs on
 * (WhiskeySockets/Baileys#2769). The phone lists the device by the name given at registration.
 */
const platform = { id: "1", display: "Chrome (Windows)" };
const codeBytes = 5;
const responseTimeoutMs = 8000;

/**
 * Starts a pairing by code: eight characters to enter on the phone with this number. Works after
 * the first QR code was shown. Throws an ApiError when WhatsApp refuses it or does not respond.
 */
export async function requestPairingCode(
  socket: Pick<WASocket, "query">,
  credentials: Credentials,
  phone: string,
): Promise<string> {
  const { me, pairingCode: previousCode } = credentials;
  const code = bytesToCrockford(randomBytes(codeBytes));
  // Baileys reads both when the phone responds.
  credentials.pairingCode = code;
  credentials.me = { id: jidEncode(phone, "s.whatsapp.net"), name: "~" };
  try {
    const response: unknown = await socket.query(
      companionHello(credentials.me.id, credentials, await wrapKey(credentials, code)),
      responseTimeoutMs,
    );
    if (response === undefined) throw new Error("No response");
    return code;
  } catch (cause) {
    Object.assign(credentials, { me, pairingCode: previousCode });
    throw toApiError(cause);
  }
}

function companionHello(jid: string, credentials: Credentials, wrappedKey: Buffer): BinaryNode {
  const fields: Record<string, string | Uint8Array> = {
    link_code_pairing_wrapped_companion_ephemeral_pub: wrappedKey,
    companion_server_auth_key_pub: credentials.noiseKey.public,
    companion_platform_id: platform.id,
    companion_platform_display: platform.display,
    link_code_pairing_nonce: "0",
  };
  const stage = { jid, stage: "companion_hello", should_show_push_notification: "true" };
  const content = Object.entries(fields).map(([tag, value]) => ({
    tag,
    attrs: {},
    content: value,
  }));
  return {
    tag: "iq",
    attrs: { to: S_WHATSAPP_NET, type: "set", xmlns: "md" },
    content: [{ tag: "link_code_companion_reg", attrs: stage, content }],
  };
}

/** The ephemeral key, encrypted so that only who knows the code can read it. */
async function wrapKey({ pairingEphemeralKeyPair }: Credentials, code: string): Promise<Buffer> {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const key = await derivePairingCodeKey(code, salt);
  return Buffer.concat([salt, iv, aesEncryptCTR(pairingEphemeralKeyPair.public, key, iv)]);
}

/** Baileys throws an error node of a response as a Boom, with the error's code as its data. */
function toApiError(cause: unknown): ApiError {
  const refusal: unknown = cause instanceof Error && "data" in cause ? cause.data : undefined;
  if (typeof refusal !== "number") {
    return new ApiError(
      "connector_unavailable",
      "WhatsApp did not respond. Request a pairing code again.",
      { cause },
    );
  }
  return new ApiError(
    "pairing_refused",
    `WhatsApp refused to pair by code (error ${refusal}). Check that the number has a WhatsApp account, or scan the QR code instead.`,
    { cause },
  );
}
