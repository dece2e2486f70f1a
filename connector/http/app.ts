import { Hono } from "hono";
import type { NodeBindings } from "./node-bindings.ts";

export interface AppOptions {
  commands: Hono<NodeBindings>;
  uploads: Hono<NodeBindings>;
  files: Hono<NodeBindings>;
  status: () => {
    /** False when the connector neither serves sessions nor tries to. */
    alive: boolean;
    ready: boolean;
    connector_id: string;
    sessions: number;
    realtime: boolean;
  };
}

/** The HTTP interface of a connector: health, readiness and commands. */
export function createApp({ commands, uploads, files, status }: AppOptions): Hono {
  const app = new Hono();
  app.get("/health", (c) => {
    const { alive, ...rest } = status();
    return c.json({ status: alive ? "ok" : "stuck", ...rest }, alive ? 200 : 503);
  });
  app.get("/ready", (c) => {
    const { alive: _, ...rest } = status();
    return c.json(rest, rest.ready ? 200 : 503);
  });
  app.route("/", commands);
  app.route("/", uploads);
  app.route("/", files);
  app.notFound((c) => c.json({ code: "not_found", detail: "No such route." }, 404));
  return app;
}
