import type { Services } from "../services.ts";

const types: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
};

/** A file that local/worker/bundle-console.ts made; undefined if there is none of this name. */
export async function readAsset(
  assets: Services["assets"],
  file: string,
): Promise<Response | undefined> {
  const response = await assets?.fetch(`https://assets.invalid/console/${file}`);
  return response?.ok === true ? response : undefined;
}

/**
 * The headers of a file or a page: only our own scripts run, none of them inline. React sets styles by
 * script, which needs 'unsafe-inline' for styles.
 */
export function securityHeaders(
  file: string,
  options: { cacheControl?: string; frameAncestors?: readonly string[] } = {},
): Record<string, string> {
  const { cacheControl = "no-cache", frameAncestors = [] } = options;
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
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
