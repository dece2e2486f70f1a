// The backend of the page: it serves the page's files, and gets the page a token with the API key,
// which never leaves this process.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const api = process.env["WHATSAPP_API_URL"] ?? "http://127.0.0.1:3000";
const key = process.env["WHATSAPP_API_KEY"];
const port = Number(process.env["PORT"] ?? "8080");
const tokenTimeoutMs = 10_000;

if (!key) {
  console.error("Set WHATSAPP_API_KEY to an API key; `npm start` of the service prints one.");
  process.exit(1);
}

/**
 * Asks the API for a token.
 * @param {number} expiresIn seconds
 * @returns {Promise<{ url: string, anon_key: string, token: string, expires_at: string, topic: string }>}
 */
async function requestToken(expiresIn = 600) {
  const response = await fetch(`${api}/tenant/realtime-token`, {
    method: "POST",
    headers: { "X-Api-Key": key ?? "", "Content-Type": "application/json" },
    body: JSON.stringify({ expires_in: expiresIn }),
    signal: AbortSignal.timeout(tokenTimeoutMs),
  });
  /** @type {any} */
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail ?? `The API answered ${response.status}`);
  return body;
}

/** @type {Record<string, [file: string | URL, type: string]>} */
const files = {
  "/": ["page/index.html", "text/html; charset=utf-8"],
  "/page.js": ["page/page.js", "text/javascript; charset=utf-8"],
  "/event-list.js": ["page/event-list.js", "text/javascript; charset=utf-8"],
  "/page.css": ["page/page.css", "text/css; charset=utf-8"],
  "/supabase.js": [
    new URL("umd/supabase.js", import.meta.resolve("@supabase/supabase-js")),
    "text/javascript; charset=utf-8",
  ],
};

/**
 * @param {import("node:http").IncomingMessage} request
 * @returns {Promise<{ status: number, type: string, body: string | Buffer }>}
 */
async function answer(request) {
  const path = new URL(request.url ?? "/", "http://localhost").pathname;
  if (request.method === "POST" && path === "/token") {
    if (!mayHaveToken(request)) return json(403, { detail: "Sign in first." });
    try {
      return json(200, await requestToken());
    } catch (error) {
      console.error(error);
      return json(502, { detail: "There is no token now. Try again in a few seconds." });
    }
  }
  const file = Object.hasOwn(files, path) ? files[path] : undefined;
  if (request.method !== "GET" || file === undefined) return json(404, { detail: "Not found" });
  const [location, type] = file;
  return {
    status: 200,
    type,
    body: await readFile(new URL(location, import.meta.url)),
  };
}

/**
 * A token shows all messages of the tenant. Check here who your user is: by session cookie, as in the
 * rest of your application. This example has no users: it answers the page on this machine alone.
 * @param {import("node:http").IncomingMessage} request
 */
function mayHaveToken(request) {
  const isOwnPage = request.headers["sec-fetch-site"] === "same-origin";
  // Another site may point its own name at this machine.
  return isOwnPage && /^(localhost|127\.0\.0\.1)(:\d+)?$/.test(request.headers.host ?? "");
}

/**
 * @param {number} status
 * @param {unknown} value
 */
function json(status, value) {
  return { status, type: "application/json", body: JSON.stringify(value) };
}

// Asked once at the start, so that a wrong key or address shows at once, and for its address.
const supabase = await requestToken(10).then(
  ({ url }) => new URL(url),
  (error) => {
    console.error(`There is no token from ${api}: ${error.message}`);
    process.exit(1);
  },
);
const socketOrigin = supabase.origin.replace(/^http/, "ws");
// Even if a text got into the page as HTML, its scripts would not run.
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  `connect-src 'self' ${supabase.origin} ${socketOrigin}`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 */
async function serve(request, response) {
  const { status, type, body } = await answer(request).catch((error) => {
    console.error(error);
    return json(500, { detail: "Try again." });
  });
  response.writeHead(status, {
    "content-type": type,
    "content-security-policy": contentSecurityPolicy,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
  });
  response.end(body);
}

const server = createServer((request, response) => void serve(request, response));
server.listen(port, "127.0.0.1");
await once(server, "listening");
const address = server.address();
console.log(`http://127.0.0.1:${typeof address === "object" ? address?.port : port}`);
