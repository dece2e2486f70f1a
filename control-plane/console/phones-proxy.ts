import { ApiError } from "../../shared/errors.ts";
import type { App } from "../http/app-env.ts";
import type { Services } from "../services.ts";

const prefix = "/console/phones-api/";

/**
 * `/console/phones-api/*`: the sandbox's phones API for the page of the simulated phones. Only where
 * SANDBOX_URL is set, which is local mode, and only for who is signed in.
 */
export function proxyPhones(app: App, { phones, consoleSessions }: Services): void {
  if (phones === undefined) return;
  app.all(`${prefix}*`, async (c) => {
    if ((await consoleSessions.read(c)) === undefined) {
      throw new ApiError("unauthorized", "Sign in to the console.");
    }
    const { pathname, search } = new URL(c.req.url);
    const target = `${phones.url}/${pathname.slice(prefix.length)}${search}`;
    const lastEventId = c.req.header("last-event-id");
    const body = await c.req.arrayBuffer();
    const response = await fetch(target, {
      method: c.req.method,
      headers: {
        ...(body.byteLength === 0 ? {} : { "content-type": "application/json" }),
        ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
      },
      ...(body.byteLength === 0 ? {} : { body }),
      signal: c.req.raw.signal,
    });
    return new Response(response.body, {
      status: response.status,
      headers: { "content-type": response.headers.get("content-type") ?? "application/json" },
    });
  });
}
