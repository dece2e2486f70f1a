/** The key of a request, from the given header or the Authorization header. */
export function readKey(headers: Headers, header: string): string | undefined {
  const own = headers.get(header);
  if (own !== null) return own;
  return /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
}
