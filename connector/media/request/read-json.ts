import { Readable } from "node:stream";
import { parser, type Token } from "stream-json/parser.js";
import { ApiError } from "../../../shared/errors.ts";
import { invalidField } from "../media-error.ts";
import { readFileText } from "./file-text.ts";
import type { FileSource, ReceivedFields } from "./received-upload.ts";

const maxFieldLength = 70_000;
const maxFields = 20;

/**
 * Reads one JSON object of texts, numbers and flags while it arrives. The text of the file's field goes to
 * `takeFile` in pieces, so that the whole is never in memory.
 */
export async function readJson(
  body: AsyncIterable<Uint8Array>,
  file: { field: string; take: (source: FileSource) => Promise<void> },
): Promise<ReceivedFields> {
  const tokens = tokensOf(body);
  const fields: ReceivedFields = {};
  try {
    if ((await nextToken(tokens))?.name !== "startObject") throw notAnObject();
    for (;;) {
      const token = await nextToken(tokens);
      if (token === undefined) throw notAnObject();
      if (token.name === "endObject") break;
      if (token.name !== "keyValue") continue;
      const field = token.value;
      if (Object.keys(fields).length > maxFields) throw notAnObject();
      if (Object.hasOwn(fields, field)) throw invalidField(field, "Is there twice. Send it once.");
      fields[field] = await readValue(field, tokens, file);
    }
    if ((await nextToken(tokens)) !== undefined) throw notAnObject();
  } catch (error) {
    throw error instanceof ApiError ? error : notAnObject(error);
  } finally {
    await tokens.return?.();
  }
  return fields;
}

async function readValue(
  field: string,
  tokens: AsyncIterator<Token>,
  file: { field: string; take: (source: FileSource) => Promise<void> },
): Promise<string | number | boolean | undefined> {
  const token = await nextToken(tokens);
  if (token?.name === "startString") {
    const pieces = stringPieces(tokens);
    if (field !== file.field) return collect(field, pieces);
    await file.take({ ...(await readFileText(field, pieces)), fileName: undefined });
    for await (const _ of pieces); // What the reader left over, up to the end of the string.
    return undefined;
  }
  if (token?.name === "trueValue" || token?.name === "falseValue") return token.value;
  if (token?.name === "nullValue") return undefined;
  if (token?.name === "numberValue" && field !== file.field) return Number(token.value);
  throw invalidField(
    field,
    field === file.field
      ? "Must be base64, a data URL or an https URL."
      : "Must be a string, a number, true or false.",
  );
}

async function collect(field: string, pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) {
    text += piece;
    if (text.length > maxFieldLength) throw invalidField(field, "Is too long. Shorten it.");
  }
  return text;
}

/** The pieces of the string that has just begun. It can be read on after a reader stopped early. */
function stringPieces(tokens: AsyncIterator<Token>): AsyncIterableIterator<string> {
  let ended = false;
  const pieces: AsyncIterableIterator<string> = {
    async next() {
      const token = ended ? undefined : await nextToken(tokens);
      if (token?.name === "stringChunk") return { done: false, value: token.value };
      ended = true;
      if (token !== undefined && token.name !== "endString") throw notAnObject();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => pieces,
  };
  return pieces;
}

async function nextToken(tokens: AsyncIterator<Token>): Promise<Token | undefined> {
  const next = await tokens.next();
  return next.done === true ? undefined : next.value;
}

function tokensOf(body: AsyncIterable<Uint8Array>): AsyncIterator<Token> {
  const tokens = parser.asStream({
    packKeys: true,
    streamKeys: false,
    packStrings: false,
    streamStrings: true,
    packNumbers: true,
    streamNumbers: false,
    readableHighWaterMark: 4,
    writableHighWaterMark: 4,
  });
  const text = Readable.from(decodeUtf8(body), { objectMode: true, highWaterMark: 1 });
  text.on("error", (error) => tokens.destroy(error));
  text.pipe(tokens);
  tokens.on("close", () => text.destroy());
  const iterator: AsyncIterator<Token> = tokens[Symbol.asyncIterator]();
  return iterator;
}

/** Refuses bytes that decoding would silently replace with U+FFFD. */
async function* decodeUtf8(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const chunk of body) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

function notAnObject(cause?: unknown): ApiError {
  return new ApiError("invalid_json", "Send one JSON object, encoded as UTF-8, as the body.", {
    cause,
  });
}
