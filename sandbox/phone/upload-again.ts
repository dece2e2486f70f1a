import { randomBytes } from "node:crypto";
import { aesEncryptGCM, hkdf, proto } from "@whiskeysockets/baileys";
import { accountJid, parseAddress } from "../account/address.ts";
import { downloadAddress } from "../media/media-server.ts";
import { accountAddressing } from "../stanza/account-addressing.ts";
import { deliver } from "../stanza/deliver.ts";
import { messageBy } from "../store/messages.ts";
import { type BinaryNode, child, node } from "../wire/node.ts";
import { type MediaContent, readMediaContent } from "./media-content.ts";
import type { Phone } from "./phone.ts";

const { ResultType } = proto.MediaRetryNotification;

/**
 * Handles `<receipt type=server-error>`: a device of the account could not download the file of a
 * message. The phone uploads it again and sends `<notification type=mediaretry>` with the new path,
 * encrypted with a key of the file's, or an error if it does not have the file.
 */
export async function uploadAgain(phone: Phone, request: BinaryNode): Promise<void> {
  const { network, account } = phone;
  const { id = "", from } = request.attrs;
  const device = network.accounts.deviceAt(parseAddress(from));
  const rmr = child(request, "rmr");
  if (device?.account !== account || !rmr) return;
  const content = await readableMedia(phone, id, rmr);
  const file =
    content && (await network.media.files.uploadAgain(hex(content.encSha256), account.phone));
  const addressing = accountAddressing(network, account) ?? "pn";
  const attrs = {
    id,
    from: accountJid(account, addressing),
    type: "mediaretry",
    t: String(Math.floor(Date.now() / 1000)),
  };
  const { directPath } = downloadAddress(network.media.host, file?.path ?? "");
  const result =
    content && file
      ? encryptedResult(content, { stanzaId: id, directPath, result: ResultType.SUCCESS })
      : node("error", { code: String(ResultType.NOT_FOUND) });
  deliver(network.store, device, node("notification", attrs, [node("rmr", rmr.attrs), result]));
}

/** The media of the message that `rmr` names, if the phone has its file and uploads it again. */
async function readableMedia(
  phone: Phone,
  id: string,
  { attrs: { jid, from_me: fromMe } }: BinaryNode,
): Promise<MediaContent | undefined> {
  const { account, network } = phone;
  if (!account.behaviour.reuploads) return undefined;
  const author = fromMe === "true" ? account : network.accounts.accountAt(parseAddress(jid));
  const message = author && messageBy(network.store, account.phone, { id, from: author.phone });
  if (!message) return undefined;
  const { media } = await phone.mediaChecks.complete(message);
  if (media?.error !== null) return undefined;
  return readMediaContent(proto.Message.decode(message.encodedMessage));
}

function encryptedResult(
  { mediaKey }: MediaContent,
  result: proto.IMediaRetryNotification & { stanzaId: string },
): BinaryNode {
  const key = hkdf(mediaKey, 32, { info: "WhatsApp Media Retry Notification" });
  const iv = randomBytes(12);
  const plaintext = proto.MediaRetryNotification.encode(result).finish();
  const ciphertext = aesEncryptGCM(plaintext, key, iv, Buffer.from(result.stanzaId));
  return node("encrypt", {}, [node("enc_p", {}, ciphertext), node("enc_iv", {}, iv)]);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
