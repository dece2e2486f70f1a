import { Hono } from "hono";
import type { NodeBindings } from "./node-bindings.ts";

export interface AppOptions {
  commands: Hono<NodeBindings>;
  uploads: Hono<NodeBindings>;
  status: () => {
    ready: boolean;
    connector_id: string;
    sessions: number;
    realtime: boolean;
  };
}

/** The HTTP interface of a connector: health, readiness and commands. */
export function createApp({ commands, uploads, status }: AppOptions): Hono {
  const app = new Hono();
  app.get("/health", (c) => c.json({ status: "ok", ...status() }));
  app.get("/ready", (c) => c.json(status(), status().ready ? 200 : 503));
  app.route("/", commands);
  app.route("/", uploads);
  app.notFound((c) => c.json({ code: "not_found", detail: "No such route." }, 404));
  return app;
}
