import { Hono } from "hono";
import type { NodeBindings } from "../http/node-bindings.ts";
import { serveFile } from "../media/serve/serve-file.ts";
import type { LocalStore } from "../media/store/local-store.ts";
import { MediaMissing } from "../media/store/media-store.ts";
import { failed } from "./answer-error.ts";
import type { Authorize } from "./authorize.ts";
import { unauthorized } from "./route.ts";

/**
 * `GET /files/<tenant>/<session>/<file>`: a file of this connector's directory, for the control plane,
 * which has checked who asks. Without a store, for a connector that keeps none, there is no file.
 */
export function fileRoute({
  authorize,
  store,
}: {
  authorize: Authorize;
  store: LocalStore | undefined;
}): Hono<NodeBindings> {
  const app = new Hono<NodeBindings>();
  app.get("/files/:tenant/:session/:file", async (c) => {
    const { pathname } = new URL(c.req.url);
    if ((await authorize(c, pathname)) === undefined) return unauthorized(c);
    const { tenant, session, file: name } = c.req.param();
    const file = await store?.find(`${tenant}/${session}/${name}`).catch(ignoreMissing);
    if (file === undefined) return failed(c, "not_found", "There is no such file.");
    return serveFile(file, { method: c.req.method, headers: c.req.raw.headers });
  });
  return app;
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof MediaMissing)) throw error;
}
