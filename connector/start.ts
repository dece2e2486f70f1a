import { readConfig } from "./config.ts";
import { startConnector } from "./connector.ts";

const read = readConfig(process.env);
if ("mistakes" in read) {
  process.stderr.write(`${read.mistakes.join("\n")}\n`);
  process.exit(1);
}

const connector = await startConnector(read.config);
const { url, metricsUrl } = connector;
process.stdout.write(`${JSON.stringify({ ready: true, url, metricsUrl })}\n`);

process.on("unhandledRejection", connector.crash.onRejection);
process.on("uncaughtException", connector.crash.onException);
void connector.crash.ended.then(() => process.exit(1));

let stopping = false;
const stop = async () => {
  if (stopping) process.exit(1);
  stopping = true;
  await connector.stop();
  process.exit(0);
};
process.on("SIGTERM", () => void stop()); // never rejects: the phases log their failures
process.on("SIGINT", () => void stop());
