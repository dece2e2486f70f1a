import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { call } from "../../tests/support/api.ts";
import type { SandboxAddress } from "../sandbox/start.ts";
import type { Gateway } from "../support/gateway.ts";
import { spawnReady } from "../support/spawn-ready.ts";

const entry = fileURLToPath(new URL("main.ts", import.meta.url));

export async function startPlain(input: {
  dataDir: string;
  sandbox: SandboxAddress;
  webhookUrl: string;
}): Promise<Gateway> {
  await mkdir(input.dataDir, { recursive: true });
  const spawned = await spawnReady({
    command: process.execPath,
    args: [entry],
    directory: input.dataDir,
    env: {
      DATA_DIR: input.dataDir,
      NETWORK_URL: input.sandbox.webSocketUrl,
      WEBHOOK_URL: input.webhookUrl,
    },
    schema: z.object({ url: z.string() }),
  });
  const sessionsUrl = `${spawned.ready.url}/sessions`;
  return {
    column: "plain",
    pid: spawned.pid,
    startSeconds: spawned.startSeconds,
    async createSession(id) {
      const { body } = await call<{ qr: string }>("POST", sessionsUrl, { body: { id } });
      return body.qr;
    },
    async deleteSession(id) {
      await call("DELETE", `${sessionsUrl}/${id}`);
    },
    async countConnected() {
      const { body } = await call<{ state: string }[]>("GET", sessionsUrl);
      return body.filter(({ state }) => state === "connected").length;
    },
    async sendText({ sessionId, to, text }) {
      const url = `${sessionsUrl}/${sessionId}/messages`;
      const { status, body } = await call("POST", url, { body: { to, text } });
      if (status !== 201) throw new Error(`Not sent: ${JSON.stringify(body)}`);
    },
    stop: () => spawned.stop(),
  };
}
