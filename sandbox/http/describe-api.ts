import type { Api } from "./api.ts";

const description = `Simulated phones of an offline WhatsApp network. Link clients to them, let them write, and read what they have received.

Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`. The API needs no key.`;

/** Serves the OpenAPI document of all routes registered so far. */
export function describeApi(app: Api): void {
  let document: object | undefined;
  app.get("/openapi.json", (c) => {
    // Building it takes tens of milliseconds, so it is built once, when it is first needed.
    document ??= app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: { title: "WhatsApp sandbox", version: "1", description },
    });
    return c.json({ ...document, servers: [{ url: new URL(c.req.url).origin }] });
  });
}
