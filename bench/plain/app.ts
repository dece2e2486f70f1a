import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Hono } from "hono";
import { PlainSession } from "./session.ts";
import { postWebhook } from "./webhook.ts";

export interface PlainConfig {
  dataDir: string;
  networkUrl: string;
  webhookUrl: string;
}

/** The API of the plain gateway, with the sessions that its data directory holds. */
export async function createApp(config: PlainConfig): Promise<Hono> {
  const sessions = new Map<string, PlainSession>();
  const open = async (id: string) => {
    const session = await PlainSession.open({
      id,
      networkUrl: config.networkUrl,
      directory: join(config.dataDir, id),
      emit: (event) => void postWebhook(config.webhookUrl, event),
    });
    sessions.set(id, session);
    return session;
  };
  for (const id of await readdir(config.dataDir)) await open(id);

  const app = new Hono();
  app.get("/sessions", (c) => c.json([...sessions].map(([id, { state }]) => ({ id, state }))));
  app.post("/sessions", async (c) => {
    const { id } = await c.req.json<{ id: string }>();
    const session = await open(id);
    return c.json({ id, qr: await session.qr }, 201);
  });
  app.delete("/sessions/:id", async (c) => {
    await sessions.get(c.req.param("id"))?.delete();
    sessions.delete(c.req.param("id"));
    return c.body(null, 204);
  });
  app.post("/sessions/:id/messages", async (c) => {
    const { to, text } = await c.req.json<{ to: string; text: string }>();
    const session = sessions.get(c.req.param("id"));
    if (session?.state !== "connected")
      return c.json({ error: "The session is not connected" }, 409);
    return c.json({ id: await session.sendText(to, text) }, 201);
  });
  return app;
}
