import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

/** Builds `dist` before `npm pack` and `npm publish`: one file, so that npx has nothing to fetch. */
process.chdir(import.meta.dirname);
rmSync("dist", { recursive: true, force: true });
await build({
  entryPoints: ["main.ts"],
  outfile: "dist/wm.js",
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  // commander is CommonJS and calls require() for Node's own modules.
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
});

/** The packages in the bundle ask for their license to go with it. */
const licenses = [
  ["commander", "LICENSE"],
  ["qr", "LICENSE-MIT"],
].map(([name = "", file = ""]) => {
  const path = join(import.meta.dirname, "../node_modules", name, file);
  return `${name}\n\n${readFileSync(path, "utf8").trim()}\n`;
});
writeFileSync("dist/THIRD_PARTY_LICENSES.txt", licenses.join("\n---\n\n"));
