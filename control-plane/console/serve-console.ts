import type { App } from "../http/app-env.ts";
import type { Services } from "../services.ts";
import { readAsset, securityHeaders } from "./assets.ts";

/** Their names change with their contents. */
const immutable = { cacheControl: "public, max-age=31536000, immutable" };

/** `/console`: its files, and index.html for every page. */
export function serveConsole(app: App, { assets }: Services): void {
  app.get("/console/assets/:file{[A-Za-z0-9._-]+}", async (c) => {
    const file = c.req.param("file");
    const found = await readAsset(assets, `console/${file}`);
    if (found === undefined) return c.notFound();
    return new Response(found.body, { headers: securityHeaders(file, immutable) });
  });
  app.get("/console", (c) => c.redirect("/console/"));
  app.get("/phones", (c) => c.redirect("/console/phones"));
  app.get("/console/*", async (c) => {
    const page = await readAsset(assets, "console/index.html");
    if (page === undefined) return c.notFound();
    return new Response(page.body, { headers: securityHeaders("index.html") });
  });
}
