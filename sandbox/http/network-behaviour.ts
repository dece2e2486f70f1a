import type { Hono } from "hono";
import { z } from "zod";
import { saveSetting } from "../store/settings.ts";
import type { ApiDeps } from "./deps.ts";
import { readBody } from "./request.ts";

const body = z.strictObject({
  refRefresh: z.enum(["never", "onConnect", "afterScan"]).exactOptional(),
  companionHello: z.enum(["lenient", "strict"]).exactOptional(),
  addressing: z.strictObject({ migrated: z.boolean().nullable() }).exactOptional(),
});

/** The server's behaviour towards phones that have no setting of their own. It is stored. */
export function networkBehaviour(app: Hono, { network }: ApiDeps): void {
  app.get("/behaviour", (c) => c.json(network.behaviour));
  app.post("/behaviour", async (c) => {
    const changes = await readBody(c, body);
    network.behaviour = { ...network.behaviour, ...changes };
    saveSetting(network.store, "behaviour", network.behaviour);
    return c.json(network.behaviour);
  });
}
