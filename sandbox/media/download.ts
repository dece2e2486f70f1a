import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Faults } from "../fault/faults.ts";
import { corrupted, slowly } from "./apply-fault.ts";
import { answer, type Exchange, type MediaRequestDeps } from "./exchange.ts";

/** `GET /v/:name.enc`: the encrypted file, or a range of it. */
export async function download(
  { media, faults }: MediaRequestDeps,
  exchange: Exchange,
): Promise<void> {
  const { url, request, response } = exchange;
  if (request.method !== "GET" && request.method !== "HEAD") {
    return await answer(exchange, 405, { error: "download with GET" });
  }
  const file = media.files.find(url.pathname);
  if (!file || !(await media.files.has(file.encSha256))) {
    return await answer(exchange, 404, { error: "not found" });
  }
  const fault =
    file.expired === null && request.method === "GET"
      ? faults.forDownload(file.uploader)
      : undefined;
  if (fault?.kind === "expire-media") media.files.expire(file.path, fault.code);
  const expired = fault?.kind === "expire-media" ? fault.code : file.expired;
  if (expired !== null) return await answer(exchange, expired, { error: "the file has expired" });
  const range = readRange(request.headers.range, file.size);
  if (range === "unsatisfiable") {
    response.setHeader("content-range", `bytes */${file.size}`);
    return await answer(exchange, 416, { error: "the range is outside the file" });
  }
  const { start, end } = range ?? { start: 0, end: file.size - 1 };
  response.writeHead(range ? 206 : 200, {
    "content-type": "application/octet-stream",
    "content-length": end - start + 1,
    "accept-ranges": "bytes",
    ...(range && { "content-range": `bytes ${start}-${end}/${file.size}` }),
  });
  if (request.method === "HEAD") response.end();
  else {
    response.flushHeaders();
    const bytes = media.files.read(file.encSha256, { start, end });
    await pipeline(withFault(bytes, fault, response), response);
  }
}

function withFault(
  bytes: AsyncIterable<Uint8Array>,
  fault: ReturnType<Faults["forDownload"]>,
  client: ServerResponse,
): AsyncIterable<Uint8Array> {
  if (fault?.kind === "corrupt-media") return corrupted(bytes);
  if (fault?.kind !== "slow-media") return bytes;
  return slowly(bytes, { bytesPerSecond: fault.bytesPerSecond, client });
}

interface ByteRange {
  start: number;
  /** Inclusive. */
  end: number;
}

/** The single range of a `Range` header. Undefined: send all, also for a header of another form. */
export function readRange(
  header: string | undefined,
  size: number,
): ByteRange | "unsatisfiable" | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  if (first === "") {
    const start = Math.max(0, size - Number(last));
    return start < size ? { start, end: size - 1 } : "unsatisfiable";
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return start < size && start <= end ? { start, end } : "unsatisfiable";
}
