import { errors, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { replyJson } from "../http/exchange.ts";
import { storageError } from "./storage-error.ts";
import {
  asJson,
  queryAs,
  readJson,
  requireName,
  type StorageRequest,
  type StorageServices,
} from "./storage-request.ts";

const One = z.object({ expiresIn: z.number().positive() });
const Many = One.extend({ paths: z.array(z.string()) });
const Named = z.object({ name: z.string() });
const uploadExpirySeconds = 2 * 60 * 60;

type Purpose = "download" | "upload";

/** `POST /object/sign/<bucket>[/<name>]`: creates URLs that need no key until they expire. */
export async function signUrls(
  request: StorageRequest,
  target: { bucket: string; name: string },
): Promise<void> {
  const { exchange, services } = request;
  if (target.name !== "") {
    const { expiresIn } = await readJson(exchange, One);
    const [found] = await readable(request, target.bucket, [target.name]);
    if (!found) throw storageError("NoSuchKey");
    const signedURL = await downloadUrl(services, target, expiresIn);
    return replyJson(exchange, 200, { signedURL });
  }
  const { expiresIn, paths } = await readJson(exchange, Many);
  const found = new Set(await readable(request, target.bucket, paths));
  const answers = paths.map(async (path) => ({
    path,
    error: found.has(path)
      ? null
      : "Either the object does not exist or you do not have access to it",
    signedURL: found.has(path)
      ? await downloadUrl(services, { bucket: target.bucket, name: path }, expiresIn)
      : null,
  }));
  return replyJson(exchange, 200, await Promise.all(answers));
}

/** `POST /object/upload/sign/<bucket>/<name>`: creates a URL to upload one file to. */
export async function signUpload(
  request: StorageRequest,
  target: { bucket: string; name: string },
): Promise<void> {
  const path = `${target.bucket}/${requireName(target.name)}`;
  const token = await sign(request.services, "upload", {
    path,
    expiresInSeconds: uploadExpirySeconds,
    claims: request.caller.claims,
  });
  const url = `/object/upload/sign/${encodePath(path)}?token=${token}`;
  replyJson(request.exchange, 200, { url });
}

/** Verifies the token of a signed URL. Returns the claims of its creator. @throws if invalid. */
export async function verifySigned(
  services: StorageServices,
  token: string | null,
  expected: { purpose: Purpose; path: string },
): Promise<string> {
  try {
    const { payload } = await jwtVerify(token ?? "", key(services), { algorithms: ["HS256"] });
    if (payload["url"] !== expected.path || payload["purpose"] !== expected.purpose) {
      throw storageError("InvalidJWT");
    }
    return z.string().parse(payload["claims"]);
  } catch (error) {
    if (error instanceof errors.JOSEError) throw storageError("InvalidJWT", error);
    throw error;
  }
}

async function downloadUrl(
  services: StorageServices,
  target: { bucket: string; name: string },
  expiresInSeconds: number,
): Promise<string> {
  const path = `${target.bucket}/${target.name}`;
  const token = await sign(services, "download", { path, expiresInSeconds, claims: "{}" });
  // The client encodes the path itself.
  return `/object/sign/${path}?token=${token}`;
}

async function sign(
  services: StorageServices,
  purpose: Purpose,
  input: { path: string; expiresInSeconds: number; claims: string },
): Promise<string> {
  return new SignJWT({ url: input.path, purpose, claims: input.claims })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000 + input.expiresInSeconds))
    .sign(key(services));
}

async function readable(
  request: StorageRequest,
  bucket: string,
  names: readonly string[],
): Promise<string[]> {
  const text = asJson(
    `select name from storage.objects where bucket_id = $1
     and name in (select json_array_elements_text($2::json))`,
  );
  const rows = await queryAs(request, { text, values: [bucket, JSON.stringify(names)] }, Named);
  return rows.map((row) => row.name);
}

function key(services: StorageServices): Uint8Array {
  // Differs from the key of API tokens, so that a signed URL grants access to one object only.
  return new TextEncoder().encode(`storage ${services.jwtSecret}`);
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
