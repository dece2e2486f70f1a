import { Hono } from "hono";
import type { Metrics } from "./metrics.ts";

/** `GET /metrics` for Prometheus, on a port of its own: what it tells is not for the public. */
export function createMetricsApp({ registry }: Metrics): Hono {
  const app = new Hono();
  app.get("/metrics", async (c) =>
    c.text(await registry.metrics(), 200, { "content-type": registry.contentType }),
  );
  return app;
}
