import { bundlePages } from "../local/worker/bundle-pages.ts";

// Run by `wrangler deploy` (see [build] in wrangler.toml).
process.stdout.write(`The console and the API reference are in ${await bundlePages()}\n`);
