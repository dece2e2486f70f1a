import type { App } from "../http/app-env.ts";
import type { Services } from "../services.ts";

/** Only the console's own files, no inline script; React sets styles by script. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const types: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
};

/** `/console`: the files that console/build.ts made. Every page of the console is index.html. */
export function serveConsole(app: App, { assets }: Services): void {
  app.get("/console/assets/:file{[A-Za-z0-9._-]+}", async (c) => {
    const file = c.req.param("file");
    const found = await readFile(assets, file);
    if (found === undefined) return c.notFound();
    // Their names change with their contents.
    return new Response(found.body, {
      headers: headers(file, "public, max-age=31536000, immutable"),
    });
  });
  app.get("/console", (c) => c.redirect("/console/"));
  app.get("/phones", (c) => c.redirect("/console/phones"));
  app.get("/console/*", async (c) => {
    const page = await readFile(assets, "index.html");
    if (page === undefined) return c.notFound();
    return new Response(page.body, { headers: headers("index.html", "no-cache") });
  });
}

async function readFile(assets: Services["assets"], file: string): Promise<Response | undefined> {
  const response = await assets?.fetch(`https://assets.invalid/console/${file}`);
  return response?.ok === true ? response : undefined;
}

function headers(file: string, cacheControl: string): HeadersInit {
  return {
    "Content-Type": types[file.split(".").at(-1) ?? ""] ?? "application/octet-stream",
    "Cache-Control": cacheControl,
    "Content-Security-Policy": contentSecurityPolicy,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
  };
}
