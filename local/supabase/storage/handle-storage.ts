import { identify } from "../auth/identify.ts";
import type { TokenVerifier } from "../auth/verify-token.ts";
import type { Exchange } from "../http/exchange.ts";
import { handleBuckets } from "./buckets.ts";
import { objectAsOwner, publicObject, readableObject, sendInfo, sendObject } from "./download.ts";
import { listObjects } from "./list.ts";
import { copyObject, moveObject } from "./move-objects.ts";
import { removeMany, removeOne } from "./remove-objects.ts";
import { signUpload, signUrls, verifySigned } from "./signed-url.ts";
import { storageError } from "./storage-error.ts";
import { splitPath, type StorageRequest, type StorageServices } from "./storage-request.ts";
import { upload } from "./upload.ts";

type Services = StorageServices & { readonly verify: TokenVerifier };

/** Handles `/storage/v1/...`; `path` is the rest after it. */
export async function handleStorage(
  exchange: Exchange,
  path: string,
  services: Services,
): Promise<void> {
  if (await handleWithoutKey(exchange, path, services)) return;
  const caller = await identify(exchange, services.verify, { bearerIsEnough: true });
  const request = { exchange, services, caller };
  if (path === "bucket" || path.startsWith("bucket/")) {
    return handleBuckets(request, path.slice("bucket/".length));
  }
  if (path.startsWith("object/")) return handleObject(request, path.slice("object/".length));
  throw storageError("NotFound");
}

/** Handles requests that need no key: objects of public buckets, and signed URLs. */
async function handleWithoutKey(
  exchange: Exchange,
  path: string,
  services: Services,
): Promise<boolean> {
  const isRead = exchange.method === "GET" || exchange.method === "HEAD";
  const [, kind, rest] = /^object\/(public|sign|info\/public|upload\/sign)\/(.+)$/.exec(path) ?? [];
  if (kind === undefined || rest === undefined) return false;
  const target = splitPath(rest);
  const signedPath = `${target.bucket}/${target.name}`;
  const token = exchange.query.get("token");
  if (kind === "public" && isRead) {
    await sendObject(exchange, await publicObject(services, target), services);
  } else if (kind === "info/public" && isRead) {
    sendInfo(exchange, await publicObject(services, target));
  } else if (kind === "sign" && isRead) {
    await verifySigned(services, token, { purpose: "download", path: signedPath });
    await sendObject(exchange, await objectAsOwner(services, target), services);
  } else if (kind === "upload/sign" && exchange.method === "PUT") {
    const claims = await verifySigned(services, token, { purpose: "upload", path: signedPath });
    const role: unknown = Object(JSON.parse(claims)).role;
    const caller = { role: typeof role === "string" ? role : "anon", claims };
    await upload({ exchange: { ...exchange, method: "POST" }, services, caller }, target);
  } else return false;
  return true;
}

async function handleObject(request: StorageRequest, path: string): Promise<void> {
  const { exchange, services } = request;
  const after = (prefix: string) => splitPath(path.slice(prefix.length));
  const { method } = exchange;
  const isRead = method === "GET" || method === "HEAD";
  if (method === "POST") {
    if (path === "move") return moveObject(request);
    if (path === "copy") return copyObject(request);
    if (path.startsWith("list/")) return listObjects(request, after("list/").bucket);
    if (path.startsWith("sign/")) return signUrls(request, after("sign/"));
    if (path.startsWith("upload/sign/")) return signUpload(request, after("upload/sign/"));
  }
  if (isRead && path.startsWith("info/")) {
    const target = after(path.startsWith("info/authenticated/") ? "info/authenticated/" : "info/");
    return sendInfo(exchange, await readableObject(request, target));
  }
  const target = after(isRead && path.startsWith("authenticated/") ? "authenticated/" : "");
  if (isRead) return sendObject(exchange, await readableObject(request, target), services);
  if (method === "POST" || method === "PUT") return upload(request, target);
  if (method === "DELETE" && target.name === "") return removeMany(request, target.bucket);
  if (method === "DELETE") return removeOne(request, target);
  throw storageError("NotFound");
}
