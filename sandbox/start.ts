import process from "node:process";
import { pino } from "pino";
import { parseConfig, type SandboxConfig } from "./config.ts";
import { type Sandbox, startSandbox } from "./sandbox.ts";

const stopTimeoutMs = 5_000;

function readConfig(): SandboxConfig {
  try {
    return parseConfig(process.env, process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return process.exit(2);
  }
}

function readyText(sandbox: Sandbox, json: boolean): string {
  // `stop` is a function, which JSON leaves out.
  if (json) return JSON.stringify({ ready: true, ...sandbox });
  const { url, webSocketUrl, rootKey, mediaUrl, caCertificateFile } = sandbox;
  const post = "curl -s -H 'content-type: application/json' -d";
  return `A WhatsApp network is running, offline.
  phones API  ${url}
  WebSocket   ${webSocketUrl}
  root key    ${rootKey}
  media       ${mediaUrl}   (trust it: NODE_EXTRA_CA_CERTS=${caCertificateFile})

Create two phones and send a message from one to the other:
  ${post} '{"phone":"393331234567","name":"Ada"}' ${url}/phones
  ${post} '{"phone":"393337654321","name":"Ben"}' ${url}/phones
  ${post} '{"to":"393337654321","type":"text","text":"hi"}' ${url}/phones/393331234567/messages`;
}

async function start(): Promise<Sandbox> {
  try {
    return await startSandbox({ port, host, mediaHost, dataDir, log });
  } catch (error) {
    const inUse = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    if (!inUse) throw error;
    process.stderr.write(
      `PORT: ${port} is in use. Stop the program that uses it, or set PORT=0 for a free port.\n`,
    );
    return process.exit(1);
  }
}

const config = readConfig();
const log = pino({ level: config.logLevel }, pino.destination({ fd: 2, sync: true }));
const { port, host, mediaHost, dataDir } = config;
const sandbox = await start();
process.stdout.write(`${readyText(sandbox, config.json)}\n`);

let stopping = false;
function stop(signal: NodeJS.Signals): void {
  if (stopping) process.exit(1);
  stopping = true;
  log.info({ signal }, "stopping");
  setTimeout(() => process.exit(1), stopTimeoutMs).unref();
  sandbox.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      log.error({ err: error }, "stop failed");
      process.exit(1);
    },
  );
}
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
