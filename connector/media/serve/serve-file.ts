import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { LocalFile } from "../store/local-store.ts";
import { contentTypeOf } from "./content-type.ts";
import { readRange } from "./range.ts";

/** The response for a stored file: 200, 206, 304 or 416. */
export function serveFile(
  file: LocalFile,
  request: { method: string; headers: Headers },
): Response {
  const { size, modifiedAt } = file;
  const etag = `"${size.toString(16)}-${modifiedAt.getTime().toString(16)}"`;
  const headers = new Headers({
    "content-type": contentTypeOf(file.path),
    "accept-ranges": "bytes",
    etag,
    "last-modified": modifiedAt.toUTCString(),
  });
  if (matches(request.headers.get("if-none-match"), etag)) {
    return new Response(null, { status: 304, headers });
  }
  const condition = request.headers.get("if-range");
  const range =
    condition === null || condition === etag
      ? readRange(request.headers.get("range") ?? undefined, size)
      : undefined;
  if (range === "unsatisfiable") {
    headers.set("content-range", `bytes */${size}`);
    return new Response(null, { status: 416, headers });
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  headers.set("content-length", String(end - start + 1));
  if (range !== undefined) headers.set("content-range", `bytes ${start}-${end}/${size}`);
  const status = range === undefined ? 200 : 206;
  if (request.method === "HEAD" || size === 0) return new Response(null, { status, headers });
  return new Response(webStream(createReadStream(file.path, { start, end })), { status, headers });
}

function matches(header: string | null, etag: string): boolean {
  return (header ?? "")
    .split(",")
    .map((tag) => tag.trim().replace(/^W\//, ""))
    .some((tag) => tag === etag || tag === "*");
}

/** Node types its own web stream apart from the one of fetch; they are the same. */
function webStream(stream: Readable): ReadableStream {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return Readable.toWeb(stream) as ReadableStream;
}
