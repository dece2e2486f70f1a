import { createRoute, z } from "@hono/zod-openapi";
import { type Api, jsonResponse } from "./api.ts";
import type { ApiDeps } from "./deps.ts";

const schema = z.object({
  status: z.literal("ok"),
  phones: z.number().int(),
  connected_devices: z.number().int(),
});

const route = createRoute({
  method: "get",
  path: "/health",
  tags: ["Network"],
  summary: "Whether the sandbox runs",
  responses: { 200: jsonResponse("It runs", schema) },
});

export function health(app: Api, { network, phones }: ApiDeps): void {
  app.openapi(route, (c) =>
    c.json(
      {
        status: "ok" as const,
        phones: phones.list().length,
        connected_devices: network.connections.size,
      },
      200,
    ),
  );
}
