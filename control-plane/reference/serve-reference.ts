import type { Context } from "hono";
import { readAsset, securityHeaders } from "../console/assets.ts";
import type { App, AppEnv } from "../http/app-env.ts";
import type { Services } from "../services.ts";

/** `/docs`: the API reference, which shows `/openapi.json`. It works without the internet. */
export function serveReference(app: App, { assets }: Services): void {
  const serve = async (c: Context<AppEnv>, file: string, cacheControl: string) => {
    const found = await readAsset(assets, `docs/${file}`);
    if (found === undefined) return c.notFound();
    return new Response(found.body, {
      headers: securityHeaders(file, { cacheControl, inlineStyles: false }),
    });
  };
  app.get("/docs", (c) => serve(c, "index.html", "no-cache"));
  // Their names change with their contents.
  app.get("/docs/assets/:file{[A-Za-z0-9._-]+}", (c) =>
    serve(c, c.req.param("file"), "public, max-age=31536000, immutable"),
  );
}
