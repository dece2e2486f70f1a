import type { IncomingMessage } from "node:http";
import { ApiError } from "../../shared/errors.ts";

/** The body of a request. Throws an ApiError when it is too large or does not arrive in time. */
export async function readBody(
  incoming: IncomingMessage,
  { maxBytes, timeoutMs }: { maxBytes: number; timeoutMs: number },
): Promise<Buffer> {
  const announced = Number(incoming.headers["content-length"] ?? 0);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  const timer = setTimeout(() => incoming.destroy(), timeoutMs);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError(
    "payload_too_large",
    `A command has at most ${maxBytes} bytes. Send a file by /uploads.`,
  );
}
