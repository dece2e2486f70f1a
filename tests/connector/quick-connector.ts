import { readConfig } from "../../connector/config.ts";
import { startConnector } from "../../connector/connector.ts";
import { quickTiming } from "./quick-timing.ts";

// The connector as a process, with the short times of the tests.
const read = readConfig(process.env);
if ("mistakes" in read) throw new Error(read.mistakes.join("\n"));
const { url } = await startConnector({ ...read.config, timing: quickTiming });
process.stdout.write(`${JSON.stringify({ ready: true, url })}\n`);
