import { serve } from "@hono/node-server";
import { z } from "zod";
import { silenceLibsignal } from "../../shared/silence-libsignal.ts";
import { createApp } from "./app.ts";

/**
 * The least gateway that could be written: Node, Hono and Baileys, keys in files, each event posted
 * once. It answers when the message is written to the socket, and loses what is under way in a crash.
 */
const env = z
  .object({ DATA_DIR: z.string(), NETWORK_URL: z.url(), WEBHOOK_URL: z.url() })
  .parse(process.env);

silenceLibsignal();
const app = await createApp({
  dataDir: env.DATA_DIR,
  networkUrl: env.NETWORK_URL,
  webhookUrl: env.WEBHOOK_URL,
});
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
});
process.on("SIGINT", () => process.exit(0));
process.on("SIGTERM", () => process.exit(0));
