import { etag } from "hono/etag";
import { scopeOf } from "../auth/scope.ts";
import { describeEvents } from "./event-catalogue.ts";
import { version } from "../version.ts";
import type { App } from "../http/app-env.ts";

const description = `A multi-tenant API for WhatsApp: sessions, messages, history, event streams and webhooks.

Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`. A \`sk_test_\` key creates sessions on the sandbox network, a \`sk_live_\` key on WhatsApp.

A key has scopes: \`read\`, \`send\`, \`manage\`. Each operation names the one it needs as \`x-scope\`. A key that is bound to sessions sees nothing of the others.`;

/** Serves the OpenAPI document of all routes registered so far, and links to it from `/`. */
export function describeApi(app: App): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "apiKey",
    in: "header",
    name: "X-Api-Key",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "adminKey", {
    type: "apiKey",
    in: "header",
    name: "X-Admin-Key",
  });
  describeEvents(app);
  const documentFor = createDocument(app);
  app.use("/openapi.json", etag());
  app.get("/openapi.json", (c) => {
    c.header("cache-control", "public, max-age=60");
    c.header("content-type", "application/json");
    return c.body(documentFor(new URL(c.req.url).origin));
  });
  app.get("/", (c) =>
    c.json({
      name: "whatsapp-microservice",
      version,
      openapi: "/openapi.json",
      docs: "/docs",
      health: "/health",
    }),
  );
}

const methods = ["get", "post", "put", "patch", "delete"] as const;

/** Names the scope that each operation with a tenant's key needs, as `x-scope`. */
function withScopes(document: ReturnType<App["getOpenAPI31Document"]>) {
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    if (!/^\/(session|tenant|files)\//.test(path)) continue;
    for (const method of methods) {
      const operation = item[method];
      if (operation === undefined) continue;
      Object.assign(operation, { "x-scope": scopeOf({ method: method.toUpperCase(), path }) });
    }
  }
  return document;
}

/** Building the document takes tens of milliseconds, so it is built once; only its server varies. */
function createDocument(app: App): (origin: string) => string {
  let built: string | undefined;
  return (origin) => {
    built ??= JSON.stringify(
      withScopes(
        app.getOpenAPI31Document({
          openapi: "3.1.0",
          info: { title: "WhatsApp Microservice", version, description },
          security: [{ apiKey: [] }],
        }),
      ),
    );
    return `${built.slice(0, -1)},"servers":${JSON.stringify([{ url: origin }])}}`;
  };
}
