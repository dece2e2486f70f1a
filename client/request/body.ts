import type { FileInput } from "../file.ts";

type Encoded = NonNullable<RequestInit["body"]>;

/** A body and its headers: JSON, or multipart where it holds a file's bytes. */
export function encodeBody(body: unknown): { body: Encoded; headers: Record<string, string> } {
  const fields = typeof body === "object" && body !== null ? Object.entries(body) : [];
  if (!fields.some(([, value]) => isFile(value))) {
    return { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  }
  const form = new FormData();
  const fileName = fields.find(([name]) => name === "file_name")?.[1];
  // Small fields first: the API reads a form as it comes.
  for (const [name, value] of fields) {
    if (value !== undefined && value !== null && !isFile(value)) form.append(name, String(value));
  }
  for (const [name, value] of fields) {
    if (!isFile(value)) continue;
    form.append(name, toBlob(value), typeof fileName === "string" ? fileName : "file");
  }
  return { body: form, headers: {} };
}

function isFile(value: unknown): value is FileInput {
  return value instanceof Blob || value instanceof Uint8Array || value instanceof ArrayBuffer;
}

function toBlob(file: FileInput): Blob {
  if (file instanceof Blob) return file;
  return new Blob([file instanceof ArrayBuffer ? file : new Uint8Array(file)]);
}
