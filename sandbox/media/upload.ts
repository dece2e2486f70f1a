import { slowly } from "./apply-fault.ts";
import { answer, type Exchange, type MediaRequestDeps } from "./exchange.ts";
import { uploadLimit } from "./media-kind.ts";
import { downloadAddress } from "./media-server.ts";
import { MediaHashMismatch, MediaTooLarge } from "./media-store.ts";

/** `POST /mms/:kind/:encSha256?auth&token`: stores an encrypted file, answers where it is. */
export async function upload(
  { media, faults }: MediaRequestDeps,
  exchange: Exchange,
): Promise<void> {
  const { url, request, response } = exchange;
  const [, , kind = "", hash = "", ...rest] = url.pathname.split("/");
  if (rest.length > 0 || !/^[\w-]{43}$/.test(hash)) {
    return await answer(exchange, 404, { error: "not found" });
  }
  if (request.method !== "POST" && request.method !== "PUT") {
    return await answer(exchange, 405, { error: "upload with POST" });
  }
  const uploader = media.tokens.verify(url.searchParams.get("auth") ?? "");
  if (uploader === undefined) {
    return await answer(exchange, 401, {
      error: "the token in `auth` is not valid: get a new one",
    });
  }
  const fault = faults.forUpload(uploader);
  if (fault?.kind === "refuse-upload") {
    return await answer(exchange, fault.code, { error: "refused by POST /faults" });
  }
  const { bytesPerSecond } = fault ?? {};
  const source =
    bytesPerSecond === undefined ? request : slowly(request, { bytesPerSecond, client: response });
  const limitBytes = uploadLimit(kind);
  const tooLarge = { error: `the file is larger than ${limitBytes} bytes` };
  if (Number(request.headers["content-length"] ?? 0) > limitBytes) {
    return await answer(exchange, 413, tooLarge);
  }
  try {
    const encSha256 = Buffer.from(hash, "base64url").toString("hex");
    const file = await media.files.add({ source, uploader, limitBytes, encSha256 });
    const { url: location, directPath } = downloadAddress(media.host, file.path);
    await answer(exchange, 200, { url: location, direct_path: directPath });
  } catch (error) {
    if (error instanceof MediaTooLarge) await answer(exchange, 413, tooLarge);
    else if (error instanceof MediaHashMismatch) {
      await answer(exchange, 400, { error: "the file does not have the hash in its path" });
    } else throw error;
  }
}
