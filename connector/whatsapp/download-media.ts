import type { WASocket } from "@whiskeysockets/baileys";
import { decrypt } from "./decrypt-media.ts";
import { addressOf, fetchEncrypted } from "../media/receive/fetch-encrypted.ts";
import { withTimeout } from "../wait/with-timeout.ts";
import { decodeContent } from "./content.ts";
import { fileOf } from "./file-message.ts";
import type { EncryptedFile } from "./incoming-media.ts";
import { mediaAgent, type NetworkTarget } from "./network-target.ts";

const liveHost = "mmg.whatsapp.net";
const notFound = 404;

/** Where a message with a file is, as its own phone knows it. */
export interface MessageKey {
  wa_message_id: string;
  chat_id: string;
  participant: string | null;
  direction: "in" | "out";
}

/** The phone no longer has the file, so it is lost. */
export class ReuploadRefused extends Error {
  override readonly name = "ReuploadRefused";
}

/** The decrypted bytes of a received file. Throws DownloadRefused, and DamagedFile at the end. */
export async function downloadMedia(
  socket: WASocket,
  file: EncryptedFile,
  options: { target: NetworkTarget; idleMs: number; signal: AbortSignal },
): Promise<AsyncIterable<Uint8Array>> {
  const host = await mediaHost(socket, options.target);
  const response = await fetchEncrypted(addressOf(host, file.directPath), {
    ...options,
    agent: mediaAgent(options.target),
  });
  return decrypt(response, file);
}

/**
 * Asks the account's phone to upload a file again and returns its new path. Throws ReuploadRefused when
 * the phone does not have it, and another error when it does not answer in time.
 */
export async function requestReupload(
  socket: WASocket,
  { key, content, timeoutMs }: { key: MessageKey; content: string; timeoutMs: number },
): Promise<string> {
  const message = decodeContent(content);
  const updating = socket.updateMediaMessage({
    key: {
      id: key.wa_message_id,
      remoteJid: key.chat_id,
      fromMe: key.direction === "out",
      participant: key.participant,
    },
    message,
  });
  // It may reject after the time is up.
  updating.catch(() => undefined);
  const updated = await withTimeout(updating, timeoutMs).catch((cause: unknown) => {
    if (statusOf(cause) === notFound) {
      throw new ReuploadRefused("The phone does not have the file", { cause });
    }
    throw cause;
  });
  const directPath = fileOf(updated?.message ?? {})?.file.directPath;
  if (!directPath) throw new Error("The phone did not upload the file again in time");
  return directPath;
}

/** The sandbox names its own host over its authenticated connection. */
async function mediaHost(socket: WASocket, target: NetworkTarget): Promise<string> {
  if (target.network === "live") return liveHost;
  const { hosts } = await socket.refreshMediaConn();
  const [host] = hosts;
  if (host === undefined) throw new Error("The sandbox names no media server");
  return host.hostname;
}

function statusOf(error: unknown): unknown {
  if (typeof error !== "object" || error === null) return undefined;
  const output: unknown = Reflect.get(error, "output");
  return typeof output === "object" && output !== null
    ? Reflect.get(output, "statusCode")
    : undefined;
}
