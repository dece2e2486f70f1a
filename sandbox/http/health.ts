import type { Hono } from "hono";
import type { ApiDeps } from "./deps.ts";

export function health(app: Hono, { network, phones }: ApiDeps): void {
  app.get("/health", (c) =>
    c.json({
      status: "ok",
      phones: phones.list().length,
      connected_devices: network.connections.size,
    }),
  );
}
