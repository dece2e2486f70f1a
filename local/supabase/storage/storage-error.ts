import type { DatabaseError } from "pg";
import { HttpError } from "../http/http-error.ts";

const known = {
  NoSuchBucket: ["404", "Bucket not found", "Bucket not found"],
  NoSuchKey: ["404", "not_found", "Object not found"],
  ResourceAlreadyExists: ["409", "Duplicate", "The resource already exists"],
  BucketNotEmpty: ["409", "InvalidRequest", "The bucket you tried to delete is not empty"],
  AccessDenied: ["403", "Unauthorized", "new row violates row-level security policy"],
  InvalidJWT: ["400", "InvalidJWT", "The token is not valid for this object, or has expired"],
  InvalidKey: ["400", "InvalidKey", "The object's name is not allowed"],
  InvalidRequest: ["400", "InvalidRequest", "The request is malformed"],
  InvalidMimeType: ["415", "invalid_mime_type", "The bucket does not accept this MIME type"],
  EntityTooLarge: ["413", "Payload too large", "The object exceeded the maximum allowed size"],
  NotFound: ["404", "Not Found", "Route not found"],
} as const;

/** Creates an error as the hosted Storage sends it: HTTP 400, with the real status in the body. */
export function storageError(code: keyof typeof known, cause?: unknown): HttpError {
  const [statusCode, error, message] = known[code];
  return new HttpError(400, { statusCode, error, message, code }, { cause });
}

export function fromStorageDatabaseError(cause: DatabaseError): Error {
  const isReferenced = cause.detail?.includes("still referenced") === true;
  if (cause.code === "42501") return storageError("AccessDenied", cause);
  if (cause.code === "23505") return storageError("ResourceAlreadyExists", cause);
  if (cause.code === "23503") {
    return storageError(isReferenced ? "BucketNotEmpty" : "NoSuchBucket", cause);
  }
  return cause;
}
