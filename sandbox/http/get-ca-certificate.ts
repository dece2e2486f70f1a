import type { Hono } from "hono";
import type { ApiDeps } from "./deps.ts";

/** The certificate that clients must trust to use the media server. */
export function getCaCertificate(app: Hono, { network }: ApiDeps): void {
  app.get("/ca.pem", (c) =>
    c.body(network.media.caCertificate, 200, { "content-type": "application/x-pem-file" }),
  );
}
