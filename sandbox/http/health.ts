import type { Hono } from "hono";
import type { Network } from "../network.ts";

export function health(app: Hono, network: Network): void {
  app.get("/health", (c) =>
    c.json({
      status: "ok",
      phones: network.phones.list().length,
      connected_devices: network.lines.size,
    }),
  );
}
