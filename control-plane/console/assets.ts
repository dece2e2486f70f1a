import type { Services } from "../services.ts";

const types: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
};

/** A file that local/worker/bundle-pages.ts made, by its path; undefined if there is none. */
export async function readAsset(
  assets: Services["assets"],
  path: string,
): Promise<Response | undefined> {
  const response = await assets?.fetch(`https://assets.invalid/${path}`);
  return response?.ok === true ? response : undefined;
}

/**
 * The headers of a file or a page: only our own scripts run, none of them inline. The console
 * sets styles by script, which needs 'unsafe-inline' for styles.
 */
export function securityHeaders(
  file: string,
  options: {
    cacheControl?: string;
    frameAncestors?: readonly string[];
    inlineStyles?: boolean;
  } = {},
): Record<string, string> {
  const { cacheControl = "no-cache", frameAncestors = [], inlineStyles = true } = options;
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    inlineStyles ? "style-src 'self' 'unsafe-inline'" : "style-src 'self'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "connect-src 'self'",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${frameAncestors.length === 0 ? "'none'" : frameAncestors.join(" ")}`,
  ];
  return {
    "Content-Type": types[file.split(".").at(-1) ?? ""] ?? "application/octet-stream",
    "Cache-Control": cacheControl,
    "Content-Security-Policy": policy.join("; "),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
  };
}
