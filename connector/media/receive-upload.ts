import { createHash } from "node:crypto";
import type { UploadQuery } from "../../shared/command.ts";
import { describeIssue, fieldErrors } from "../../shared/describe-issue.ts";
import { ApiError } from "../../shared/errors.ts";
import { uuidV7 } from "../../shared/ids.ts";
import {
  filePath,
  type MediaFields,
  mediaFieldsSchema,
  type MediaKind,
  maxBytesOf,
  type StoredUpload,
} from "../../shared/media.ts";
import { queueFieldErrors } from "../../shared/queue-fields.ts";
import { parseRecipient } from "../../shared/recipient.ts";
import type { Database } from "../database/database.ts";
import type { Log } from "../log/log.ts";
import { fetchUrl } from "./fetch/fetch-url.ts";
import type { Ffmpeg } from "./inspect/ffmpeg.ts";
import { invalidField, tooLarge } from "./media-error.ts";
import { prepareFile } from "./prepare-upload.ts";
import { readForm } from "./request/read-form.ts";
import { readJson } from "./request/read-json.ts";
import type { FileSource, ReceivedFields } from "./request/received-upload.ts";
import type { MediaStore } from "./store/media-store.ts";
import {
  FileTooLarge,
  removeFile,
  type TemporaryFile,
  writeTemporaryFile,
} from "./temporary-file.ts";

export interface UploadServices {
  database: Database;
  store: MediaStore;
  ffmpeg: Ffmpeg | undefined;
  log: Log;
  now: () => number;
  maxDocumentBytes: number;
  allowPrivateUrls: boolean;
}

const fetchTotalMs = 120_000;
const fetchIdleMs = 15_000;

/**
 * Takes the file of a request to send it: reads the request while it arrives, checks the file, and
 * stores it. Nothing is sent yet. Throws an ApiError that names the field.
 */
export async function receiveUpload(
  request: UploadQuery & { contentType: string; body: AsyncIterable<Uint8Array> },
  services: UploadServices,
): Promise<StoredUpload> {
  const { kind } = request;
  const limit = maxBytesOf(kind, services.maxDocumentBytes);
  const temporary = new Set<string>();
  const write = async (bytes: AsyncIterable<Uint8Array>) => {
    const file = await writeLimited(kind, bytes, limit);
    temporary.add(file.path);
    return file;
  };
  try {
    const received: { file?: TemporaryFile; url?: string; fileName?: string } = {};
    const take = async (source: FileSource) => {
      if (source.fileName !== undefined) received.fileName = source.fileName;
      if (source.kind === "url") received.url = source.url;
      else received.file = await write(source.bytes);
    };
    const fields = validate(kind, await readFields(request, { field: kind, take }), services.now());
    const hash = requestHash(request, fields, received.file?.sha256 ?? received.url);
    const to = parseRecipient(fields.to)?.jid ?? fields.to;
    const id = uuidV7(services.now());
    const empty = emptyUpload({ id, kind, to, fields, hash });
    if (await isRepeat(request, services.database)) return empty;

    const file = received.file ?? (await fetchFile(kind, received.url, { write, services, limit }));
    const fileName = fields.file_name ?? received.fileName ?? nameIn(received.url);
    const prepared = await prepareFile({ field: kind, kind, file, fields, fileName }, services);
    temporary.add(prepared.file.path);
    const stored = `${id}.${prepared.type.extension}`;
    await store(`${request.tenant_id}/${request.session_id}/${stored}`, prepared, services);
    return {
      ...empty,
      media: {
        ...empty.media,
        ...prepared.media,
        url: filePath(request.session_id, stored),
        status: "stored",
      },
      thumbnail: prepared.thumbnail?.toString("base64") ?? null,
      waveform:
        prepared.waveform === null ? null : Buffer.from(prepared.waveform).toString("base64"),
    };
  } finally {
    await Promise.all(Array.from(temporary, removeFile));
  }
}

async function readFields(
  { contentType, body }: { contentType: string; body: AsyncIterable<Uint8Array> },
  file: { field: string; take: (source: FileSource) => Promise<void> },
): Promise<ReceivedFields> {
  if (/^application\/json\b/i.test(contentType)) return readJson(body, file);
  if (/^multipart\/form-data\b/i.test(contentType)) return readForm(body, contentType, file);
  throw new ApiError(
    "unsupported_media_type",
    "Send the body as JSON (Content-Type: application/json) or as multipart/form-data.",
  );
}

function validate(kind: MediaKind, received: ReceivedFields, nowMs: number): MediaFields {
  const { [kind]: _file, ...rest } = received;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const parsed = mediaFieldsSchema.safeParse(given, { error: describeIssue });
  const errors = parsed.success ? [] : fieldErrors(parsed.error.issues);
  if (parsed.success) errors.push(...queueFieldErrors(parsed.data, nowMs));
  if (!Object.hasOwn(received, kind)) {
    errors.push({ field: kind, detail: `\`${kind}\` is required: the file to send` });
  }
  if (given["voice"] !== undefined && kind !== "audio") {
    errors.push({ field: "voice", detail: "Is for send-audio only" });
  }
  if (given["caption"] !== undefined && (kind === "audio" || kind === "sticker")) {
    errors.push({ field: "caption", detail: `WhatsApp shows no caption with ${kind} messages` });
  }
  if (!parsed.success || errors.length > 0) {
    throw new ApiError(
      "invalid_request",
      "Correct the fields listed in errors and send the request again.",
      { errors },
    );
  }
  return parsed.data;
}

async function writeLimited(
  field: MediaKind,
  bytes: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<TemporaryFile> {
  try {
    return await writeTemporaryFile(bytes, { maxBytes });
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (error instanceof FileTooLarge) throw tooLarge(field, maxBytes);
    if (isDiskError(error)) throw storageUnavailable(error);
    throw error;
  }
}

async function fetchFile(
  field: MediaKind,
  url: string | undefined,
  {
    write,
    services,
    limit,
  }: {
    write: (bytes: AsyncIterable<Uint8Array>) => Promise<TemporaryFile>;
    services: UploadServices;
    limit: number;
  },
): Promise<TemporaryFile> {
  if (url === undefined) throw invalidField(field, "Must hold the file to send");
  const limits = {
    allowPrivate: services.allowPrivateUrls,
    maxBytes: limit,
    totalMs: fetchTotalMs,
    idleMs: fetchIdleMs,
  };
  return write(await fetchUrl(field, url, limits));
}

/** Whether the key was used before: then the message of that request is the answer, whatever it is. */
async function isRepeat(query: UploadQuery, database: Database): Promise<boolean> {
  const { tenant_id: tenantId, idempotency_key: key } = query;
  if (key === undefined) return false;
  return (await database.call("find_idempotent", { tenant_id: tenantId, key })) !== null;
}

async function store(
  path: string,
  { file, type }: { file: TemporaryFile; type: { mimetype: string } },
  { store: files, database }: UploadServices,
): Promise<void> {
  // First, so that a file without a message is removed one day.
  await database.call("expect_media", { path });
  try {
    await files.write(path, { ...file, mimetype: type.mimetype });
  } catch (error) {
    throw storageUnavailable(error);
  }
}

function emptyUpload({
  id,
  kind,
  to,
  fields,
  hash,
}: {
  id: string;
  kind: MediaKind;
  to: string;
  fields: MediaFields;
  hash: string;
}): StoredUpload {
  const { queue, send_at, expires_at, priority } = fields;
  return {
    id,
    kind,
    to,
    caption: fields.caption ?? null,
    media: {
      url: null,
      mimetype: null,
      size: null,
      sha256: null,
      file_name: null,
      seconds: null,
      width: null,
      height: null,
      voice: false,
      status: "pending",
      error: null,
    },
    thumbnail: null,
    waveform: null,
    request_hash: hash,
    queue: { queue, send_at, expires_at, priority },
    content: null,
  };
}

function requestHash(query: UploadQuery, fields: MediaFields, file: string | undefined): string {
  const to = parseRecipient(fields.to)?.jid;
  const parts = [query.session_id, query.kind, { ...fields, to }, file];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

function nameIn(url: string | undefined): string | undefined {
  const name = url === undefined ? undefined : new URL(url).pathname.split("/").at(-1);
  if (name === undefined || name === "") return undefined;
  try {
    const decoded = decodeURIComponent(name);
    return /[\p{Cc}/\\]/u.test(decoded) ? undefined : decoded.slice(0, 255).toWellFormed();
  } catch {
    return undefined;
  }
}

function isDiskError(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    /^(ENOSPC|EDQUOT|EIO|EROFS)$/.test(String(error.code))
  );
}

function storageUnavailable(cause: unknown): ApiError {
  return new ApiError(
    "storage_unavailable",
    "The file could not be stored, and nothing was sent. Try again in a few seconds.",
    { cause },
  );
}
