import { createRoute, z } from "@hono/zod-openapi";
import type { Api } from "./api.ts";
import type { ApiDeps } from "./deps.ts";

const type = "application/x-pem-file";

const route = createRoute({
  method: "get",
  path: "/ca.pem",
  tags: ["Network"],
  summary: "Get the certificate that clients must trust to use the media server",
  responses: {
    200: { description: "PEM", content: { [type]: { schema: z.string() } } },
  },
});

export function getCaCertificate(app: Api, { network }: ApiDeps): void {
  app.openapi(route, (c) => c.body(network.media.caCertificate, 200, { "content-type": type }));
}
