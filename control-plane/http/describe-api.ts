import { version } from "../version.ts";
import type { App } from "./app-env.ts";

const description = `A multi-tenant API for WhatsApp: sessions, messages, history, event streams and webhooks.

Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`. A \`sk_test_\` key creates sessions on the sandbox network, a \`sk_live_\` key on WhatsApp.`;

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
  app.doc31("/openapi.json", (c) => ({
    openapi: "3.1.0",
    info: { title: "WhatsApp Microservice", version, description },
    servers: [{ url: new URL(c.req.url).origin }],
    security: [{ apiKey: [] }],
  }));
  app.get("/", (c) =>
    c.json({ name: "whatsapp-microservice", version, openapi: "/openapi.json", health: "/health" }),
  );
}
