import { bundleConsole } from "../local/worker/bundle-console.ts";

// Run by `wrangler deploy` (see [build] in wrangler.toml).
process.stdout.write(`The console is in ${await bundleConsole()}\n`);
