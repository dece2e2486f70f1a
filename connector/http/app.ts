import { Hono } from "hono";
import type { NodeBindings } from "./node-bindings.ts";
import type { Metrics } from "./metrics.ts";

export interface AppOptions {
  commands: Hono<NodeBindings>;
  uploads: Hono<NodeBindings>;
  metrics: Metrics;
  status: () => {
    ready: boolean;
    connector_id: string;
    sessions: number;
    realtime: boolean;
  };
}

/** The HTTP interface of a connector: health, readiness, metrics and commands. */
export function createApp({ commands, uploads, metrics, status }: AppOptions): Hono {
  const app = new Hono();
  app.get("/health", (c) => c.json({ status: "ok", ...status() }));
  app.get("/ready", (c) => c.json(status(), status().ready ? 200 : 503));
  app.get("/metrics", async (c) =>
    c.text(await metrics.registry.metrics(), 200, { "content-type": metrics.registry.contentType }),
  );
  app.route("/", commands);
  app.route("/", uploads);
  app.notFound((c) => c.json({ code: "not_found", detail: "No such route." }, 404));
  return app;
}
