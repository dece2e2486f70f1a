import { readConfig } from "./config.ts";
import { startConnector } from "./connector.ts";

const read = readConfig(process.env);
if ("mistakes" in read) {
  process.stderr.write(`${read.mistakes.join("\n")}\n`);
  process.exit(1);
}

const connector = await startConnector(read.config);
process.stdout.write(`${JSON.stringify({ ready: true, url: connector.url })}\n`);

let asked = false;
const stop = async () => {
  if (asked) process.exit(1);
  asked = true;
  await connector.stop();
  process.exit(0);
};
process.on("SIGTERM", () => void stop()); // stop() reports its own failures
process.on("SIGINT", () => void stop());
