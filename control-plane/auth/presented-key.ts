/** The key a request carries, in its own header or as a bearer token. */
export function presentedKey(headers: Headers, header: string): string | undefined {
  const own = headers.get(header);
  if (own !== null) return own;
  return /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
}
