/** JSON in which byte arrays survive, in the form that Baileys' own stores use. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (part instanceof Uint8Array) return asTagged(part);
    // A Buffer arrives here as what its own toJSON made of it.
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
