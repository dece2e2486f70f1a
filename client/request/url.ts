/** The URL without a slash at its end. @throws TypeError when it is not an http(s) URL */
export function parseBaseUrl(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new TypeError(
      `baseUrl must be the http(s) URL of the API, like https://api.example.com, not ${JSON.stringify(baseUrl)}`,
    );
  }
  if (url.search !== "" || url.hash !== "") {
    throw new TypeError("baseUrl must have no query and no fragment. Remove what follows ? or #.");
  }
  return url.href.replace(/\/+$/, "");
}

type QueryValue = string | number | boolean | undefined;

/** @throws TypeError when a segment would lead to another route */
export function urlOf(
  baseUrl: string,
  path: readonly string[],
  query: Readonly<Record<string, QueryValue>> = {},
): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const search = parameters.size === 0 ? "" : `?${parameters.toString()}`;
  return `${baseUrl}/${path.map(encodeSegment).join("/")}${search}`;
}

/** URL parsers resolve `.` and `..` even when they are percent-encoded. */
function encodeSegment(segment: string): string {
  if (typeof segment !== "string" || ["", ".", ".."].includes(segment)) {
    throw new TypeError(
      `An id must be a text other than ".", ".." and "", not ${JSON.stringify(segment)}`,
    );
  }
  return encodeURIComponent(segment);
}
