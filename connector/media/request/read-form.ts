import { Readable } from "node:stream";
import { Busboy, type BusboyFileStream } from "@fastify/busboy";
import { ApiError } from "../../../shared/errors.ts";
import { invalidField } from "../media-error.ts";
import { readFileText } from "./file-text.ts";
import type { FileSource, ReceivedFields } from "./received-upload.ts";

const maxFieldBytes = 70_000;
const maxParts = 20;

/**
 * Reads multipart/form-data while it arrives. A part with a file name is the file itself; without
 * one, the file's field holds a URL or base64, as in JSON.
 */
export async function readForm(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  file: { field: string; take: (source: FileSource) => Promise<void> },
): Promise<ReceivedFields> {
  const fields: ReceivedFields = {};
  const form = createForm(contentType, file.field);
  const source = Readable.from(body, { objectMode: true, highWaterMark: 1 });
  await new Promise<void>((resolve, reject) => {
    let taken = Promise.resolve();
    const fail = (error: unknown) => {
      source.unpipe(form);
      source.destroy();
      reject(error instanceof ApiError ? error : malformed(error));
    };
    form.on("field", (name, value, _nameTruncated, isTruncated) => {
      if (isTruncated) fail(invalidField(name, "Is too long. Shorten it."));
      else if (Object.hasOwn(fields, name))
        fail(invalidField(name, "Is there twice. Send it once."));
      else fields[name] = value;
    });
    form.on("file", (name, stream, fileName) => {
      // An error of the stream reaches its reader; without a listener it would end the process.
      stream.on("error", () => undefined);
      if (name !== file.field) {
        fail(invalidField(name, `Is not the file of this endpoint. Name the file ${file.field}.`));
      } else if (Object.hasOwn(fields, name)) {
        fail(invalidField(name, "Is there twice. Send one file."));
      } else {
        fields[name] = undefined;
        taken = take(stream, fileName, file);
        taken.catch(fail);
      }
    });
    form.on("partsLimit", () => fail(malformed()));
    form.on("error", fail);
    form.on("finish", () => void taken.then(resolve, fail)); // fail() rejects the promise
    source.on("error", fail);
    source.pipe(form);
  });
  return fields;
}

async function take(
  stream: BusboyFileStream,
  fileName: string | undefined,
  file: { field: string; take: (source: FileSource) => Promise<void> },
): Promise<void> {
  if (fileName !== undefined) {
    await file.take({ kind: "bytes", bytes: stream, fileName });
  } else {
    const text = await readFileText(file.field, latin1(stream));
    await file.take({ ...text, fileName: undefined });
  }
}

async function* latin1(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const chunk of stream) yield Buffer.from(chunk).toString("latin1");
}

function createForm(contentType: string, fileField: string): Busboy {
  try {
    return new Busboy({
      headers: { "content-type": contentType },
      limits: { fieldSize: maxFieldBytes, parts: maxParts },
      isPartAFile: (name, _type, fileName) => name === fileField || fileName !== undefined,
    });
  } catch (error) {
    throw malformed(error);
  }
}

function malformed(cause?: unknown): ApiError {
  return new ApiError(
    "invalid_json",
    "The multipart/form-data body is not valid. Send it with its boundary, and complete.",
    { cause },
  );
}
