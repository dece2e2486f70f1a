import { createReadStream } from "node:fs";
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { mediaBucket } from "../../../shared/media.ts";
import { MediaMissing, type MediaStore } from "./media-store.ts";

const idleMs = 30_000;

/**
 * The private bucket of Supabase Storage, over its HTTP API. Not by supabase-js or fetch, which hold a
 * whole file in memory while they upload it.
 */
export function supabaseStore({ url, key }: { url: string; key: string }): MediaStore {
  const base = `${url.replace(/\/$/, "")}/storage/v1/object`;
  const isHttps = base.startsWith("https:");
  const agent = isHttps
    ? new HttpsAgent({ keepAlive: true, maxSockets: 32 })
    : new HttpAgent({ keepAlive: true, maxSockets: 32 });
  const send = (
    method: string,
    path: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string | Readable } = {},
  ) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const request = (isHttps ? requestHttps : requestHttp)(
        `${base}/${path}`,
        {
          method,
          agent,
          timeout: idleMs,
          headers: { apikey: key, authorization: `Bearer ${key}`, ...headers },
        },
        resolve,
      );
      request.on("timeout", () =>
        request.destroy(new Error(`Storage was silent for ${idleMs} ms`)),
      );
      request.on("error", reject);
      if (body === undefined || typeof body === "string") request.end(body);
      else pipeline(body, request).catch(reject);
    });

  return {
    async write(path, file) {
      const response = await send("POST", objectPath(path), {
        headers: {
          "content-type": file.mimetype,
          "content-length": String(file.size),
          "x-upsert": "true",
        },
        body: createReadStream(file.path),
      });
      await expectOk(response, "Storage did not take the file");
    },
    async read(path) {
      const response = await send("GET", `authenticated/${objectPath(path)}`);
      if (response.statusCode === 200) return response;
      const { statusCode } = response;
      const text = await textOf(response);
      // The hosted Storage answers 400 with the real status in the body.
      if (statusCode === 404 || (statusCode === 400 && /not.?found/i.test(text))) {
        throw new MediaMissing("The file is not stored");
      }
      throw new Error(`Storage answered ${statusCode}: ${text}`);
    },
    async remove(paths) {
      if (paths.length === 0) return;
      const body = JSON.stringify({ prefixes: paths });
      const response = await send("DELETE", mediaBucket, {
        headers: {
          "content-type": "application/json",
          // Node frames the body of a DELETE only by its length.
          "content-length": String(Buffer.byteLength(body)),
        },
        body,
      });
      await expectOk(response, "Storage did not remove files");
    },
  };
}

function objectPath(path: string): string {
  return `${mediaBucket}/${path.split("/").map(encodeURIComponent).join("/")}`;
}

async function expectOk(response: IncomingMessage, what: string): Promise<void> {
  const text = await textOf(response);
  const { statusCode = 0 } = response;
  if (statusCode < 200 || statusCode > 299) throw new Error(`${what}: ${statusCode} ${text}`);
}

/** The beginning of a response; the rest is read and dropped. */
async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (text.length < 500) text += chunk.toString("utf8");
  }
  return text.slice(0, 500);
}
