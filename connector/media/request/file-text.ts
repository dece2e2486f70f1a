import { invalidField } from "../media-error.ts";

/** What a text that stands for a file is: the address of the file, or its bytes. */
export type FileText =
  | { kind: "url"; url: string }
  | { kind: "bytes"; bytes: AsyncIterable<Uint8Array> };

const maxUrlLength = 4096;
/** Of `data:image/png;name=...;base64,` */
const maxHeaderLength = 1000;

/** Reads a text that comes in pieces: an http(s) URL, a data URL, or plain base64. */
export async function readFileText(
  field: string,
  pieces: AsyncIterable<string>,
): Promise<FileText> {
  const iterator = pieces[Symbol.asyncIterator]();
  let head = "";
  while (head.length < 8) {
    const next = await iterator.next();
    if (next.done === true) break;
    head += next.value;
  }
  head = head.trimStart();
  if (/^https?:/i.test(head)) {
    return { kind: "url", url: (head + (await rest(field, iterator))).trim() };
  }
  if (/^data:/i.test(head)) {
    head = await skipDataHeader(field, head, iterator);
  }
  return { kind: "bytes", bytes: decodeBase64(field, head, iterator) };
}

async function rest(field: string, iterator: AsyncIterator<string>): Promise<string> {
  let text = "";
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    text += next.value;
    if (text.length > maxUrlLength) {
      throw invalidField(field, `The URL is longer than ${maxUrlLength} characters. Shorten it.`);
    }
  }
  return text;
}

async function skipDataHeader(
  field: string,
  begun: string,
  iterator: AsyncIterator<string>,
): Promise<string> {
  let head = begun;
  while (!head.includes(",") && head.length < maxHeaderLength) {
    const next = await iterator.next();
    if (next.done === true) break;
    head += next.value;
  }
  const comma = head.indexOf(",");
  if (comma === -1 || !/;base64$/i.test(head.slice(0, comma).trim())) {
    throw invalidField(
      field,
      "This data URL has no base64 content. Write it as data:<type>;base64,<content>.",
    );
  }
  return head.slice(comma + 1);
}

async function* decodeBase64(
  field: string,
  head: string,
  iterator: AsyncIterator<string>,
): AsyncGenerator<Uint8Array> {
  let pending = "";
  let isPadded = false;
  const decode = (text: string): Buffer => {
    const compact = text.replaceAll(/\s/g, "");
    if (compact !== "" && (isPadded || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(compact))) {
      throw invalidField(
        field,
        "Must be base64, a data URL or an https URL. Send the file as multipart/form-data if you have it as bytes.",
      );
    }
    isPadded ||= compact.endsWith("=");
    pending += compact;
    const whole = pending.length - (pending.length % 4);
    const bytes = Buffer.from(pending.slice(0, whole), "base64");
    pending = pending.slice(whole);
    return bytes;
  };
  const first = decode(head);
  if (first.length > 0) yield first;
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    const bytes = decode(next.value);
    if (bytes.length > 0) yield bytes;
  }
  // Base64 without its padding; one character alone encodes nothing.
  if (pending.length === 1) throw invalidField(field, "The base64 is cut off. Send all of it.");
  if (pending.length > 1) yield Buffer.from(pending, "base64");
}
