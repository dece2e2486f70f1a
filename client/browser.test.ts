import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import { afterEach, expect, test } from "vitest";
import { hasChromium, launchChromium } from "../tests/support/chromium.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Runs in the page. */
const program = `
import { signWebhook, verifyWebhook, WhatsAppClient } from "./index.ts";
window.use = async (baseUrl) => {
  const whatsapp = new WhatsAppClient({ apiKey: "sk_test_1", baseUrl });
  const image = new Blob(["bytes"]);
  const sent = await whatsapp.sendImage("main", { to: "1", image }, { idempotencyKey: "one" });
  const seqs = [];
  for await (const { seq } of whatsapp.streamEvents({ lastEventId: 0 })) {
    seqs.push(seq);
    if (seqs.length === 3) break;
  }
  const secret = "whsec_c2VjcmV0IG9mIHR3ZW50eS1mb3VyIGJ5dGVz";
  const headers = await signWebhook({ payload: "{}", id: "1", type: "t", secret });
  return { sent, seqs, verified: await verifyWebhook("{}", headers, secret) };
};`;

test("in a browser it sends bytes, repeats, streams over drops and verifies", async ({ skip }) => {
  skip(!hasChromium, "there is no Chromium");
  let sends = 0;
  const api = await serve((request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-expose-headers", "Retry-After");
    response.setHeader(
      "access-control-allow-headers",
      "Content-Type, Idempotency-Key, Last-Event-ID, X-Api-Key",
    );
    if (request.method === "OPTIONS") response.end();
    else if (request.url?.endsWith("/stream") === true) {
      const seq = Number(request.headers["last-event-id"]) + 1;
      response.setHeader("content-type", "text/event-stream");
      response.write(`retry: 1\n\nid: ${seq}\ndata: {"seq":${seq}}\n\n`, () => response.destroy());
    } else if (++sends === 1) {
      request.resume();
      response.writeHead(429, { "retry-after": "0" }).end();
    } else {
      request.resume();
      const { "content-type": type, "idempotency-key": key } = request.headers;
      response.end(JSON.stringify({ type: type?.split(";")[0], key, sends }));
    }
  });
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
  });
  const page = await serve((_request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><script type="module">${outputFiles[0]?.text}</script>`);
  });
  const browser = await launchChromium();
  stops.push(() => browser.close());
  const tab = await browser.newPage();
  await tab.goto(page);
  await tab.waitForFunction("window.use !== undefined");
  expect(await tab.evaluate(`window.use(${JSON.stringify(api)})`)).toEqual({
    sent: { type: "multipart/form-data", key: "one", sends: 2 },
    seqs: [1, 2, 3],
    verified: {},
  });
});
