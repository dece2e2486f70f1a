/** JSON with byte arrays, in the format of Baileys' own stores. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (part instanceof Uint8Array) return asTagged(part);
    // For a Buffer, JSON.stringify passes the result of its toJSON.
    if (isTagged(part) && Array.isArray(part.data)) return asTagged(Uint8Array.from(part.data));
    return part;
  });
}

export function decodeJson(json: string): unknown {
  return JSON.parse(json, (_key, part: unknown) =>
    isTagged(part) && typeof part.data === "string" ? Buffer.from(part.data, "base64") : part,
  );
}

function asTagged(bytes: Uint8Array): { type: "Buffer"; data: string } {
  return { type: "Buffer", data: Buffer.from(bytes).toString("base64") };
}

function isTagged(part: unknown): part is { type: "Buffer"; data: unknown } {
  return (
    typeof part === "object" &&
    part !== null &&
    "type" in part &&
    part.type === "Buffer" &&
    "data" in part
  );
}
