const passed = [
  "content-type",
  "content-length",
  "content-range",
  "etag",
  "last-modified",
] as const;

/** Types that a browser shows without running anything. */
const shown = /^(image\/(jpeg|png|webp|gif)|video\/|audio\/)/;

/** The headers of a served file, given those of its storage. */
export function responseHeaders(stored: Headers, { saveAs }: { saveAs: string }): Headers {
  const headers = new Headers({
    "accept-ranges": "bytes",
    // A file never changes. It is the tenant's own, so no shared cache may keep it.
    "cache-control": "private, max-age=31536000, immutable",
    "content-security-policy": "default-src 'none'; sandbox",
    "content-disposition": disposition(stored.get("content-type") ?? "", saveAs),
  });
  for (const name of passed) {
    const value = stored.get(name);
    if (value !== null) headers.set(name, value);
  }
  return headers;
}

function disposition(type: string, saveAs: string): string {
  const ascii = saveAs.replaceAll(/[^\x20-\x7e]|["\\%]/g, "_");
  const encoded = encodeURIComponent(saveAs).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const kind = shown.test(type) ? "inline" : "attachment";
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
